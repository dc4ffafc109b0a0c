// Training a model in memory.

#include <sentencepiece_trainer.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>

#include "CSentencePiece.h"

namespace {

/// A malloc'd copy of some bytes, ended by a NUL; NULL without the memory for it.
char *copy(std::string_view bytes) {
    char *memory = static_cast<char *>(std::malloc(bytes.size() + 1));
    if (memory == nullptr) return nullptr;
    std::memcpy(memory, bytes.data(), bytes.size());
    memory[bytes.size()] = '\0';
    return memory;
}

/// A message for the caller. Without the memory for it there is no way to report anything: stop.
char *message(std::string_view text) {
    char *result = copy(text.empty() ? "the library gives no reason" : text);
    if (result == nullptr) std::abort();
    return result;
}

/// Pulls sentences through the C callback.
class CallbackSentences : public sentencepiece::SentenceIterator {
public:
    CallbackSentences(sp_next_sentence next, void *context) : next_(next), context_(context) { Next(); }

    bool done() const override { return done_; }

    void Next() override {
        const char *text = nullptr;
        size_t length = 0;
        done_ = next_(context_, &text, &length) == 0;
        if (!done_) value_.assign(text, length);
    }

    const std::string &value() const override { return value_; }

    sentencepiece::util::Status status() const override { return sentencepiece::util::Status(); }

private:
    const sp_next_sentence next_;
    void *const context_;
    bool done_ = false;
    std::string value_;
};

}  // namespace

char *sp_train(const sp_option *options, size_t option_count, sp_next_sentence next, void *context,
               void **model, size_t *model_length) {
    try {
        std::unordered_map<std::string, std::string> arguments;
        for (size_t i = 0; i < option_count; ++i) arguments[options[i].name] = options[i].value;
        // Only fatal messages: the trainer writes hundreds of lines to stderr otherwise.
        arguments["minloglevel"] = "3";
        CallbackSentences sentences(next, context);
        std::string trained;
        const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &trained);
        if (!status.ok()) return message(status.message());
        char *bytes = copy(trained);
        if (bytes == nullptr) return message("out of memory");
        *model = bytes;
        *model_length = trained.size();
        return nullptr;
    } catch (const std::exception &error) {
        return message(error.what());
    } catch (...) {
        return message("an exception of unknown type");
    }
}

void sp_free(void *memory) { std::free(memory); }
