// Training a model in a child process.

#include <sentencepiece_trainer.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>

#include "CSentencePiece.h"

namespace {

/// What the child sends first: a model follows, or a message.
constexpr char kModel = 'M';
constexpr char kFailure = 'F';

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

class Sentences : public sentencepiece::SentenceIterator {
public:
    Sentences(const char *text, const size_t *ends, size_t count) : text_(text), ends_(ends), count_(count) {
        load();
    }

    bool done() const override { return index_ >= count_; }

    void Next() override {
        ++index_;
        load();
    }

    const std::string &value() const override { return value_; }

    sentencepiece::util::Status status() const override { return sentencepiece::util::Status(); }

private:
    void load() {
        if (done()) return;
        const size_t start = index_ == 0 ? 0 : ends_[index_ - 1];
        value_.assign(text_ + start, ends_[index_] - start);
    }

    const char *const text_;
    const size_t *const ends_;
    const size_t count_;
    size_t index_ = 0;
    std::string value_;
};

/// The answer of the child: kModel and a model, or kFailure and a message.
std::string train(const sp_option *options, size_t option_count, Sentences &sentences) {
    try {
        std::unordered_map<std::string, std::string> arguments;
        for (size_t i = 0; i < option_count; ++i) arguments[options[i].name] = options[i].value;
        std::string model;
        const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &model);
        return status.ok() ? kModel + model : kFailure + std::string(status.message());
    } catch (const std::exception &error) {
        return kFailure + std::string(error.what());
    } catch (...) {
        return kFailure + std::string("an exception of unknown type");
    }
}

bool write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(file, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) bytes.remove_prefix(count);
    }
    return true;
}

std::string read_all(int file) {
    std::string bytes;
    char buffer[1 << 16];
    while (true) {
        const ssize_t count = read(file, buffer, sizeof(buffer));
        if (count == 0 || (count < 0 && errno != EINTR)) return bytes;
        if (count > 0) bytes.append(buffer, count);
    }
}

[[noreturn]] void run_child(int output, const sp_option *options, size_t option_count, Sentences &sentences) {
    // Do not outlive the parent; leave no core file; keep the trainer's hundreds of lines to ourselves.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, STDERR_FILENO);
    // The library gives up through exit(). Handlers run last first: this one keeps the parent's, which expect
    // the parent's threads, from running here.
    std::atexit([] { _exit(EXIT_FAILURE); });
    _exit(write_all(output, train(options, option_count, sentences)) ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace

char *sp_train(const sp_option *options, size_t option_count, const char *text, const size_t *ends,
               size_t sentence_count, void **model, size_t *model_length) {
    try {
        Sentences sentences(text, ends, sentence_count);
        int ends_of_pipe[2];
        if (pipe2(ends_of_pipe, O_CLOEXEC) != 0) return message(std::strerror(errno));
        const auto [input, output] = ends_of_pipe;
        const pid_t child = fork();
        if (child == 0) run_child(output, options, option_count, sentences);
        const int error = errno;
        close(output);
        if (child < 0) {
            close(input);
            return message(std::strerror(error));
        }
        const std::string answer = read_all(input);
        close(input);
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS || answer.empty()) {
            return message("the trainer found nothing to learn and gave up");
        }
        if (answer[0] != kModel) return message(std::string_view(answer).substr(1));
        char *bytes = copy(std::string_view(answer).substr(1));
        if (bytes == nullptr) return message("out of memory");
        *model = bytes;
        *model_length = answer.size() - 1;
        return nullptr;
    } catch (const std::exception &error) {
        return message(error.what());
    }
}

void sp_free(void *memory) { std::free(memory); }
