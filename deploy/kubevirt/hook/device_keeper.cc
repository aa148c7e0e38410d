#include "deploy/kubevirt/hook/device_keeper.h"

#include <spdlog/spdlog.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "deploy/kubevirt/hook/spawn.h"

namespace earshot {
namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

// What the device ends with if it does not take its flags, and Spawn()'s child
// if there is no such program: to try again would end alike.
constexpr int kExitUsage = 2;
constexpr int kExitCannotRun = 127;

// Between two probes of the same device.
constexpr std::chrono::milliseconds kProbeAgain{100};

}  // namespace

DeviceKeeper::DeviceKeeper(boost::asio::io_context* loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      listener_(*loop),
      timer_(*loop),
      again_(*loop),
      patience_(*loop),
      delay_(options_.restart) {}

absl::StatusOr<std::unique_ptr<DeviceKeeper>> DeviceKeeper::Create(
    boost::asio::io_context* loop, Options options) {
  if (options.socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.socket, " is too long for a socket"));
  }
  if (access(options.program.c_str(), X_OK) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.program, " is no program that can be run"));
  }
  std::unique_ptr<DeviceKeeper> keeper(
      new DeviceKeeper(loop, std::move(options)));
  const std::string& socket = keeper->options_.socket;
  unlink(socket.c_str());
  error_code error;
  auto& listener = keeper->listener_;
  listener.open(stream_protocol(), error);
  if (!error) listener.bind(stream_protocol::endpoint(socket), error);
  if (!error)
    listener.listen(stream_protocol::acceptor::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen at ", socket, ": ", error.message()));
  }
  return keeper;
}

DeviceKeeper::~DeviceKeeper() {
  if (probe_) probe_->Cancel();
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (listener_.is_open()) unlink(options_.socket.c_str());
}

void DeviceKeeper::Start(const std::string& vm, Ready ready) {
  if (state_ == State::kIdle) {
    vm_ = vm;
    Run();
  }
  if (vm != vm_) {
    return ready(absl::FailedPreconditionError(
        absl::StrCat("the device plays for ", vm_, ", not for ", vm)));
  }
  if (state_ == State::kRefused) {
    return ready(absl::FailedPreconditionError(
        "earshot-device cannot be run with its flags; see its log"));
  }
  if (state_ == State::kStopping || state_ == State::kStopped) {
    return ready(absl::UnavailableError("the hook is shutting down"));
  }
  if (ready_) return ready(absl::OkStatus());
  if (waiting_.empty()) {
    patience_.expires_after(options_.patience);
    patience_.async_wait([this](error_code error) {
      if (!error) {
        Tell(absl::DeadlineExceededError("earshot-device does not answer"));
      }
    });
  }
  waiting_.push_back(std::move(ready));
}

void DeviceKeeper::Run() {
  std::vector<std::string> arguments = options_.arguments;
  arguments.push_back(absl::StrCat("--socket-fd=", kGivenFd));
  arguments.push_back("--vm=" + vm_);
  started_ = std::chrono::steady_clock::now();
  auto child = Spawn(options_.program, arguments, listener_.native_handle());
  state_ = State::kRunning;
  if (!child.ok()) {
    spdlog::error("{}", std::string(child.status().message()));
    return Ended(0);
  }
  pid_ = *child;
  spdlog::info("device started pid={} vm={} socket={}", pid_, vm_,
               options_.socket);
  if (!probe_) Probe();
}

void DeviceKeeper::Probe() {
  probe_ = DeviceProbe::Start(
      loop_, options_.socket, [this](const absl::Status& status) {
        probe_.reset();
        if (status.ok()) {
          ready_ = true;
          return Tell(status);
        }
        // Most likely it has ended; whoever comes next is asked.
        again_.expires_after(kProbeAgain);
        again_.async_wait([this](error_code error) {
          if (!error && state_ == State::kRunning && !probe_) Probe();
        });
      });
}

void DeviceKeeper::Reap() {
  int status = 0;
  for (pid_t child = 0; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (child != pid_) continue;
    pid_ = -1;
    Ended(status);
  }
}

void DeviceKeeper::Ended(int status) {
  ready_ = false;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (state_ == State::kStopping) {
    timer_.cancel();
    state_ = State::kStopped;
    spdlog::info("device ended code={}", code);
    if (stopped_) stopped_();
    return;
  }
  if (code == kExitUsage || code == kExitCannotRun) {
    spdlog::error("device cannot be run with its flags code={}", code);
    state_ = State::kRefused;
    if (probe_) probe_->Cancel();
    probe_.reset();
    return Tell(absl::FailedPreconditionError(
        "earshot-device cannot be run with its flags; see its log"));
  }
  const auto delay = delay_.Ended(started_, std::chrono::steady_clock::now());
  spdlog::warn("device ended code={} restart_ms={}", code, delay.count());
  state_ = State::kWaiting;
  timer_.expires_after(delay);
  timer_.async_wait([this](error_code error) {
    if (!error && state_ == State::kWaiting) Run();
  });
}

void DeviceKeeper::Tell(const absl::Status& status) {
  patience_.cancel();
  std::vector<Ready> waiting;
  waiting.swap(waiting_);
  for (const Ready& ready : waiting) ready(status);
}

void DeviceKeeper::Stop(std::function<void()> stopped) {
  if (state_ == State::kStopping || state_ == State::kStopped) return;
  stopped_ = std::move(stopped);
  if (probe_) probe_->Cancel();
  probe_.reset();
  again_.cancel();
  timer_.cancel();
  Tell(absl::UnavailableError("the hook is shutting down"));
  // Nobody is to come to a device that will not be.
  error_code ignored;
  listener_.close(ignored);
  unlink(options_.socket.c_str());
  if (pid_ < 0) {
    state_ = State::kStopped;
    if (stopped_) stopped_();
    return;
  }
  state_ = State::kStopping;
  kill(pid_, SIGTERM);
  timer_.expires_after(options_.grace);
  timer_.async_wait([this](error_code error) {
    if (error || pid_ < 0) return;
    spdlog::warn("device does not end pid={}", pid_);
    kill(pid_, SIGKILL);
  });
}

}  // namespace earshot
