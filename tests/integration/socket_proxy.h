#ifndef EARSHOT_TESTS_INTEGRATION_SOCKET_PROXY_H_
#define EARSHOT_TESTS_INTEGRATION_SOCKET_PROXY_H_

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace earshot {

// Stands between a client and a server on unix sockets, and cuts connections
// when it is told to. Aborts the test where it cannot listen.
class SocketProxy {
 public:
  // Both are paths.
  SocketProxy(const std::string& listen_path, const std::string& server_path);
  ~SocketProxy();
  SocketProxy(const SocketProxy&) = delete;
  SocketProxy& operator=(const SocketProxy&) = delete;

  // Every connection breaks, with what is on its way; new ones are welcome.
  void Cut();

 private:
  void Run();
  void Accept();
  void Forget();

  const std::string server_path_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::mutex mutex_;              // guards what follows
  bool over_ = false;             // the thread ends
  bool cut_ = false;              // and what is there breaks
  std::vector<int> connections_;  // in pairs; the thread's own
  std::thread thread_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_SOCKET_PROXY_H_
