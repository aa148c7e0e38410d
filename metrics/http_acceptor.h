#ifndef EARSHOT_METRICS_HTTP_ACCEPTOR_H_
#define EARSHOT_METRICS_HTTP_ACCEPTOR_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

namespace earshot::metrics {

// Accepts at one socket that listens, also after the system has had no
// descriptor for a while. Thread: the loop's.
class HttpAcceptor {
 public:
  // Takes `descriptor` over. `take` is given each connection, which is its own
  // from then on. `whom` the connections are for, such as "metrics": for the
  // log.
  HttpAcceptor(boost::asio::io_context* loop, int descriptor, std::string whom,
               std::function<void(int descriptor)> take);

  HttpAcceptor(const HttpAcceptor&) = delete;
  HttpAcceptor& operator=(const HttpAcceptor&) = delete;

 private:
  void Wait();
  void Accept();

  const std::string whom_;
  const std::function<void(int)> take_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer retry_;
  bool failed_ = false;
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_HTTP_ACCEPTOR_H_
