// A C face of libsentencepiece's trainer, which Swift cannot import from its C++ classes.
//
// Status: a call that can fail returns NULL on success and otherwise a message for people, allocated with
// malloc; the caller frees it with sp_free. On failure no output parameter is written. No C++ exception leaves
// a call.
//
// Ownership: bytes handed out through output parameters belong to the caller, who frees them with sp_free.
// Pointers handed in are only read, and not kept after the call returns.

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

/// Gives the trainer its next sentence: sets `text` and `length` and returns 1, or returns 0 at the end.
/// The bytes must live until the next call.
typedef int (*sp_next_sentence)(void *context, const char **text, size_t *length);

/// Trains a model from the sentences and hands out the bytes of a `.model` file. Nothing is printed.
/// `next` is called on the calling thread.
char *sp_train(const sp_option *options, size_t option_count, sp_next_sentence next, void *context,
               void **model, size_t *model_length);

/// Frees what a call handed out; NULL is allowed.
void sp_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
