// A C face of libsentencepiece: what Swift cannot import from its C++ classes.
//
// Status: every call that can fail returns NULL on success and otherwise a message for people, allocated
// with malloc; the caller frees it with sp_free. On failure no output parameter is written. No C++ exception
// leaves a call.
//
// Ownership: arrays and bytes handed out through output parameters belong to the caller, who frees each with
// sp_free. Pointers handed in are only read, and not kept after the call returns.
//
// Threads: one sp_model may be used by any number of threads at once; only sp_close needs it alone.

#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded model.
typedef struct sp_model sp_model;

/// Loads a model from the bytes of a `.model` file. The bytes must have passed the checks of the Swift
/// `ModelFile`: the library trusts parts of a model (scores, the normalisation trie) that it should not.
char *sp_open(const void *bytes, size_t length, sp_model **model);

/// Ends a model; NULL is allowed.
void sp_close(sp_model *model);

/// The number of pieces; ids are 0 ..< count.
int32_t sp_piece_count(const sp_model *model);

/// The id of the piece spelled exactly so, or -1.
int32_t sp_piece_id(const sp_model *model, const char *piece, size_t length);

/// The most probable ids of a UTF-8 text of `length` bytes, without any begin or end id.
/// Bytes that are not UTF-8 are read as U+FFFD, one a byte.
char *sp_encode(const sp_model *model, const char *text, size_t length, int32_t **ids, size_t *count);

/// As sp_encode, and for each id the range of bytes of `text` it stands for: `bounds` holds 2 * count
/// numbers, begin and end of each. Of the byte pieces of one character only the last has a range that is not
/// empty.
char *sp_encode_with_bounds(const sp_model *model, const char *text, size_t length, int32_t **ids,
                            uint32_t **bounds, size_t *count);

/// A random segmentation, the same for the same seed. Unigram: one of the `candidates` best (2 to 512), or
/// of all of them if `candidates` < 0, drawn with probability proportional to exp(alpha * score). BPE:
/// `alpha` is the probability of dropping a merge, and `candidates` is not used.
char *sp_sample(const sp_model *model, const char *text, size_t length, int32_t candidates, float alpha,
                uint32_t seed, int32_t **ids, size_t *count);

/// One option of the trainer, under the name it has on the command line of spm_train.
typedef struct {
    const char *name;
    const char *value;
} sp_option;

/// Gives the trainer its next sentence: sets `text` and `length` and returns 1, or returns 0 at the end.
/// The bytes must live until the next call.
typedef int (*sp_next_sentence)(void *context, const char **text, size_t *length);

/// Trains a model from the sentences and hands out the bytes of a `.model` file. Nothing is printed.
char *sp_train(const sp_option *options, size_t option_count, sp_next_sentence next, void *context,
               void **model, size_t *model_length);

/// Frees what a call handed out; NULL is allowed.
void sp_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
