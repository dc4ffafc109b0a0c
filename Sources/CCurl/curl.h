// The part of libcurl that swift-distill calls, declared here so that a build needs no headers of it: the library itself is there
// wherever Swift is, whose FoundationNetworking needs it. Its ABI, and so every number below, has been the same since 2006
// (https://curl.se/libcurl/abi.html).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// One request (CURL).
typedef struct Curl_easy CurlEasy;
/// Requests that go on at once (CURLM).
typedef struct Curl_multi CurlMulti;
/// A list of strings (struct curl_slist).
typedef struct curl_slist CurlList;

/// CURLcode: why a request failed.
enum {
  CURLE_OK = 0,
  CURLE_COULDNT_RESOLVE_PROXY = 5,
  CURLE_COULDNT_RESOLVE_HOST = 6,
  CURLE_COULDNT_CONNECT = 7,
  CURLE_OPERATION_TIMEDOUT = 28,
  CURLE_SSL_CONNECT_ERROR = 35,
  CURLE_SSL_CERTPROBLEM = 58,
  CURLE_SSL_CIPHER = 59,
  CURLE_PEER_FAILED_VERIFICATION = 60,
  CURLE_SSL_CACERT_BADFILE = 77,
};

/// CURLoption: 0 and up take a long, 10000 and up a pointer, 20000 and up a function, 30000 and up a 64-bit integer.
enum {
  CURLOPT_NOBODY = 44,
  CURLOPT_POST = 47,
  CURLOPT_FRESH_CONNECT = 74,
  CURLOPT_FORBID_REUSE = 75,
  CURLOPT_NOSIGNAL = 99,
  CURLOPT_PROTOCOLS = 181,
  CURLOPT_SUPPRESS_CONNECT_HEADERS = 265,
  CURLOPT_WRITEDATA = 10001,
  CURLOPT_URL = 10002,
  CURLOPT_ERRORBUFFER = 10010,
  CURLOPT_HTTPHEADER = 10023,
  CURLOPT_HEADERDATA = 10029,
  CURLOPT_ACCEPT_ENCODING = 10102,
  CURLOPT_COPYPOSTFIELDS = 10165,
  CURLOPT_WRITEFUNCTION = 20011,
  CURLOPT_HEADERFUNCTION = 20079,
  CURLOPT_POSTFIELDSIZE_LARGE = 30120,
};

enum {
  /// CURLPROTO_HTTP | CURLPROTO_HTTPS
  CURL_PROTOCOLS_WEB = 3,
  /// Bytes of a message (CURL_ERROR_SIZE).
  CURL_MESSAGE_SIZE = 256,
  /// CURL_GLOBAL_DEFAULT
  CURL_GLOBAL_ALL = 3,
  /// CURLMSG_DONE
  CURL_MESSAGE_DONE = 1,
};

/// The end of a request (CURLMsg).
typedef struct {
  int kind;
  CurlEasy *easy;
  union {
    void *pointer;
    int code;
  } result;
} CurlEnd;

/// Takes count * size bytes; another number than that as result ends the request.
typedef size_t (*CurlCallback)(char *bytes, size_t size, size_t count, void *context);

int curl_global_init(long flags);
CurlEasy *curl_easy_init(void);
void curl_easy_cleanup(CurlEasy *easy);
int curl_easy_setopt(CurlEasy *easy, int option, ...);
const char *curl_easy_strerror(int code);
CurlList *curl_slist_append(CurlList *list, const char *text);
void curl_slist_free_all(CurlList *list);
CurlMulti *curl_multi_init(void);
int curl_multi_cleanup(CurlMulti *multi);
int curl_multi_add_handle(CurlMulti *multi, CurlEasy *easy);
int curl_multi_remove_handle(CurlMulti *multi, CurlEasy *easy);
int curl_multi_perform(CurlMulti *multi, int *running);
int curl_multi_poll(CurlMulti *multi, void *files, unsigned count, int milliseconds, int *ready);
int curl_multi_wakeup(CurlMulti *multi);
CurlEnd *curl_multi_info_read(CurlMulti *multi, int *left);

// Swift calls no function with a variable number of arguments.
static inline int curl_set_number(CurlEasy *easy, int option, long value) { return curl_easy_setopt(easy, option, value); }
static inline int curl_set_size(CurlEasy *easy, int option, int64_t value) { return curl_easy_setopt(easy, option, value); }
static inline int curl_set_pointer(CurlEasy *easy, int option, const void *value) { return curl_easy_setopt(easy, option, value); }
static inline int curl_set_callback(CurlEasy *easy, int option, CurlCallback value) { return curl_easy_setopt(easy, option, value); }
