#ifndef EARSHOT_TESTS_BENCHMARK_STREAMS_H2_CONNECTION_H_
#define EARSHOT_TESTS_BENCHMARK_STREAMS_H2_CONNECTION_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace earshot {

// What becomes of a call.
class CallListener {
 public:
  virtual ~CallListener() = default;
  // One of the server's messages.
  virtual void OnMessage(std::string_view message) = 0;
  // It is over; `message` is the status's, with `code` its number as text.
  virtual void OnEnd(const std::string& code, const std::string& message) = 0;
};

// One HTTP/2 connection to a gRPC server, and the calls on it, which are
// streams of messages both ways. It costs a tenth of what a gRPC client does:
// so one processor feeds more than another can take. Thread: one.
class H2Connection {
 public:
  // Connects to a UNIX socket; fd() is -1 if it cannot.
  explicit H2Connection(const std::string& unix_path);
  ~H2Connection();

  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  int fd() const { return fd_; }

  // Begins a call of the method, such as "/package.Service/Method". The
  // listener outlives the connection.
  int32_t StartCall(const char* method, CallListener* listener);
  // Queues a message. Does not keep it.
  void Send(int32_t call, const std::string& message);
  // Writes what can be written; false if some of it has to wait.
  bool Flush();
  // Reads what there is.
  void Read();

 private:
  struct Call {
    CallListener* listener;
    std::string out;  // framed, not yet taken by HTTP/2
    std::string in;   // framed, not yet whole
    std::string code = "14";
    std::string message;
  };
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const {
      nghttp2_session_del(session);
    }
  };

  static ssize_t OnDataWanted(nghttp2_session* session, int32_t id,
                              uint8_t* buffer, size_t size, uint32_t* flags,
                              nghttp2_data_source* source, void* self);
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t flags,
                      void* self);
  static int OnData(nghttp2_session* session, uint8_t flags, int32_t id,
                    const uint8_t* data, size_t size, void* self);
  static int OnClose(nghttp2_session* session, int32_t id, uint32_t error,
                     void* self);

  void EndAll(const std::string& why);

  int fd_ = -1;
  std::map<int32_t, Call> calls_;
  std::string unsent_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_STREAMS_H2_CONNECTION_H_
