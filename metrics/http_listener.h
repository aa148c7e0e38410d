#ifndef EARSHOT_METRICS_HTTP_LISTENER_H_
#define EARSHOT_METRICS_HTTP_LISTENER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace earshot::metrics {

// The sockets that listen at HOST:PORT: a name may stand for several. They are
// there before the process gives up what it needs to make them; who connects
// waits until an HttpServer takes them over.
class HttpListener {
 public:
  // Port 0 is any that is free. An error says in one line what is wrong.
  static absl::StatusOr<HttpListener> Open(const std::string& address);

  HttpListener(HttpListener&& other) noexcept;
  HttpListener& operator=(HttpListener&& other) noexcept;
  ~HttpListener();

  // The address, with the port that the system chose.
  const std::string& text() const { return text_; }
  // Those who take them close them.
  std::vector<int> TakeDescriptors();

 private:
  HttpListener() = default;

  std::vector<int> descriptors_;
  std::string text_;
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_HTTP_LISTENER_H_
