// What both halves of the shim share: turning C++ failures into messages, and vectors into malloc'd arrays.

#pragma once

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <sentencepiece_processor.h>

namespace shim {

/// A malloc'd copy of a message. Without the memory for that there is nothing left to say: abort.
inline char *message(std::string_view text) {
    char *copy = static_cast<char *>(std::malloc(text.size() + 1));
    if (copy == nullptr) std::abort();
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
}

/// NULL if the status is good, else its message.
inline char *message(const sentencepiece::util::Status &status) {
    if (status.ok()) return nullptr;
    const std::string_view text = status.message();
    return message(text.empty() ? std::string_view("the library gives no reason") : text);
}

/// Runs a body that returns NULL or a message; an exception becomes a message.
template <typename Body>
char *guarded(Body body) noexcept {
    try {
        return body();
    } catch (const std::exception &error) {
        return message(error.what());
    } catch (...) {
        return message("an exception of unknown type");
    }
}

/// A malloc'd array of `count` elements (at least one byte, so that NULL always means failure).
template <typename Element>
Element *allocate(size_t count) {
    void *memory = std::malloc(count == 0 ? 1 : count * sizeof(Element));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<Element *>(memory);
}

}  // namespace shim
