// A C face of libsentencepiece's trainer, which Swift cannot import from its C++ classes.

#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One option of the trainer, under the name it has on the command line of spm_train.
typedef struct {
    const char *name;
    const char *value;
} sp_option;

/// Trains a model and returns the bytes of a `.model` file. Nothing is printed.
///
/// `text` holds `sentence_count` sentences one after another; sentence i ends before `ends[i]`.
///
/// The trainer runs in a child process, for it ends its process when it meets a text it cannot work with.
///
/// Status: returns NULL on success and otherwise an error message, allocated with malloc; the caller
/// frees it with sp_free. On failure no output parameter is written. No C++ exception leaves the call.
///
/// Ownership: `*model` belongs to the caller, who frees it with sp_free. Pointers handed in are only read, and
/// not kept after the call returns.
char *sp_train(const sp_option *options, size_t option_count, const char *text, const size_t *ends,
               size_t sentence_count, void **model, size_t *model_length);

/// Frees the bytes that sp_train returned; NULL is allowed.
void sp_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
