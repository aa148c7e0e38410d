#include "sinks/sound_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace earshot {
namespace {

constexpr std::chrono::seconds kUpWithin{10};

}  // namespace

RunningProgram::RunningProgram(const std::vector<std::string>& words,
                               const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  dup2(open("/dev/null", O_WRONLY), 2);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

void RunningProgram::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void RunningProgram::Stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

SoundServer::SoundServer(Kind kind) : kind_(kind) {
  // Not the test's own folder: paths of sockets are short.
  char folder[] = "/tmp/earshot-sound-XXXXXX";
  folder_ = mkdtemp(folder);
  socket_ = folder_ +
            (kind_ == Kind::kPulseAudio ? "/pulse.socket" : "/pulse/native");
  setenv("PULSE_SERVER", ("unix:" + socket_).c_str(), 1);
  setenv("HOME", folder_.c_str(), 1);
  setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
}

SoundServer::~SoundServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool SoundServer::Start() {
  auto run = [this](const std::vector<std::string>& words) {
    programs_.push_back(std::make_unique<RunningProgram>(words));
  };
  if (kind_ == Kind::kPulseAudio) {
    run({"pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no",
         "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no",
         "--high-priority=no", "-L",
         "module-native-protocol-unix auth-anonymous=1 socket=" + socket_, "-L",
         "module-null-sink sink_name=test rate=48000 channels=2 "
         "format=float32le"});
  } else {
    const std::string bus = "unix:path=" + folder_ + "/bus";
    setenv("DBUS_SESSION_BUS_ADDRESS", bus.c_str(), 1);
    run({"dbus-daemon", "--session", "--nofork", "--nopidfile",
         "--address=" + bus});
    run({"pipewire"});
    run({"wireplumber"});
    run({"pipewire-pulse"});
  }
  const auto until = std::chrono::steady_clock::now() + kUpWithin;
  while (std::chrono::steady_clock::now() < until) {
    if (Ask("info").find("Server Name") != std::string::npos) {
      if (kind_ == Kind::kPulseAudio) return true;
      Ask("load-module module-null-sink sink_name=test rate=48000");
      return Ask("list short sinks").find("test") != std::string::npos;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

std::unique_ptr<RunningProgram> SoundServer::Record(
    const std::string& file) const {
  auto recorder = std::make_unique<RunningProgram>(
      std::vector<std::string>{"parec", "-d", "test.monitor",
                               "--format=float32le", "--rate=48000",
                               "--channels=2", "--raw", "--latency-msec=10"},
      file);
  const auto until = std::chrono::steady_clock::now() + kUpWithin;
  std::error_code ignored;
  while (std::filesystem::file_size(file, ignored) + 1 <= 1 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return recorder;
}

std::string SoundServer::Ask(const std::string& words) {
  std::string text;
  FILE* const pipe = popen(("pactl " + words + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> piece;
  size_t size = 0;
  while ((size = fread(piece.data(), 1, piece.size(), pipe)) > 0) {
    text.append(piece.data(), size);
  }
  pclose(pipe);
  return text;
}

}  // namespace earshot
