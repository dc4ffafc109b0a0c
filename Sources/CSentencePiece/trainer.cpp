// Training a model in memory.

#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "CSentencePiece.h"
#include "guard.h"

namespace {

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
    return shim::guarded([&]() -> char * {
        std::unordered_map<std::string, std::string> arguments;
        for (size_t i = 0; i < option_count; ++i) arguments[options[i].name] = options[i].value;
        // Only fatal messages: the trainer writes hundreds of lines to stderr otherwise.
        arguments["minloglevel"] = "3";
        CallbackSentences sentences(next, context);
        std::string trained;
        const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &trained);
        if (char *error = shim::message(status)) return error;
        char *copy = shim::allocate<char>(trained.size());
        std::memcpy(copy, trained.data(), trained.size());
        *model = copy;
        *model_length = trained.size();
        return nullptr;
    });
}
