// Loading, encoding and sampling.

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "CSentencePiece.h"
#include "guard.h"

struct sp_model {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

/// Hands a vector of ids to the caller.
char *hand_out(const std::vector<int> &ids, int32_t **out, size_t *count) {
    int32_t *copy = shim::allocate<int32_t>(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) copy[i] = ids[i];
    *out = copy;
    *count = ids.size();
    return nullptr;
}

}  // namespace

char *sp_open(const void *bytes, size_t length, sp_model **model) {
    return shim::guarded([&]() -> char * {
        auto opened = std::make_unique<sp_model>();
        const std::string_view proto(static_cast<const char *>(bytes), length);
        if (char *error = shim::message(opened->processor.LoadFromSerializedProto(proto))) return error;
        *model = opened.release();
        return nullptr;
    });
}

void sp_close(sp_model *model) { delete model; }

int32_t sp_piece_count(const sp_model *model) { return model->processor.GetPieceSize(); }

int32_t sp_piece_id(const sp_model *model, const char *piece, size_t length) {
    // The library answers "unknown" for what it does not have, which is also a piece with a spelling.
    const std::string_view spelling(piece, length);
    const int id = model->processor.PieceToId(spelling);
    return id >= 0 && model->processor.IdToPiece(id) == spelling ? id : -1;
}

char *sp_encode(const sp_model *model, const char *text, size_t length, int32_t **ids, size_t *count) {
    return shim::guarded([&]() -> char * {
        std::vector<int> encoded;
        if (char *error = shim::message(model->processor.Encode({text, length}, &encoded))) return error;
        return hand_out(encoded, ids, count);
    });
}

char *sp_encode_with_bounds(const sp_model *model, const char *text, size_t length, int32_t **ids,
                            uint32_t **bounds, size_t *count) {
    return shim::guarded([&]() -> char * {
        sentencepiece::ImmutableSentencePieceText encoded;
        if (char *error = shim::message(model->processor.Encode({text, length}, encoded.mutable_proto()))) {
            return error;
        }
        const size_t size = encoded.pieces_size();
        std::unique_ptr<int32_t, decltype(&std::free)> id_copy(shim::allocate<int32_t>(size), std::free);
        uint32_t *bound_copy = shim::allocate<uint32_t>(2 * size);
        for (size_t i = 0; i < size; ++i) {
            const auto piece = encoded.pieces(static_cast<int>(i));
            id_copy.get()[i] = static_cast<int32_t>(piece.id());
            bound_copy[2 * i] = piece.begin();
            bound_copy[2 * i + 1] = piece.end();
        }
        *ids = id_copy.release();
        *bounds = bound_copy;
        *count = size;
        return nullptr;
    });
}

char *sp_sample(const sp_model *model, const char *text, size_t length, int32_t candidates, float alpha,
                uint32_t seed, int32_t **ids, size_t *count) {
    return shim::guarded([&]() -> char * {
        // The library keeps one generator a thread and seeds it at its first use there, from one process-wide
        // seed. So a draw that depends on our seed alone needs a thread of its own, one at a time.
        static std::mutex seeding;
        const std::lock_guard<std::mutex> lock(seeding);
        // All ones means "seed from the system" to the library.
        sentencepiece::SetRandomGeneratorSeed(seed == UINT32_MAX ? 0 : seed);
        std::vector<int> sampled;
        char *error = nullptr;
        std::thread draw([&] {
            error = shim::guarded([&]() -> char * {
                return shim::message(
                    model->processor.SampleEncode({text, length}, candidates, alpha, &sampled));
            });
        });
        draw.join();
        return error != nullptr ? error : hand_out(sampled, ids, count);
    });
}

void sp_free(void *memory) { std::free(memory); }
