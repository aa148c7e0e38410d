#include "tests/integration/playback_rig.h"

#include <grpcpp/grpcpp.h>
#include <sndfile.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace earshot {
namespace {

// Where Bazel puts them; a test runs in its runfiles.
constexpr char kServer[] = "server/earshot-server";
constexpr char kDevice[] = "device/earshot-device";

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace

Recording ReadRecording(const std::string& path) {
  SF_INFO info = {};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) Die(path + ": " + sf_strerror(nullptr));
  Recording recording{.rate_hz = info.samplerate, .channels = info.channels};
  recording.samples.resize(info.frames * info.channels);
  sf_readf_short(file, recording.samples.data(), info.frames);
  sf_close(file);
  return recording;
}

PlaybackRig::PlaybackRig() {
  std::filesystem::create_directory(folder_ / "recordings");
}

PlaybackRig::~PlaybackRig() { server_.reset(); }

ChildProcess& PlaybackRig::StartServer() {
  server_ = StartServerAt(server_address());
  // Connections of its own: those to a server before it are broken.
  grpc::ChannelArguments own;
  own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  admin_ = v1::AdminService::NewStub(grpc::CreateCustomChannel(
      server_address(), grpc::InsecureChannelCredentials(), own));
  return *server_;
}

std::unique_ptr<ChildProcess> PlaybackRig::StartOtherServer() const {
  return StartServerAt(other_address());
}

std::unique_ptr<ChildProcess> PlaybackRig::StartServerAt(
    const std::string& address) const {
  auto server = std::make_unique<ChildProcess>(std::vector<std::string>{
      kServer, "--listen=" + address, "--sink=wav:" + Path("recordings")});
  if (!server->WaitForLine("server started")) {
    Die("the server does not start: " + server->log());
  }
  return server;
}

std::unique_ptr<ChildProcess> PlaybackRig::StartDevice(
    const std::string& vm, const std::vector<std::string>& flags,
    const std::string& server) const {
  std::vector<std::string> command = {
      kDevice, "--socket=" + SocketPath(vm),
      "--server=" + (server.empty() ? server_address() : server), "--vm=" + vm};
  command.insert(command.end(), flags.begin(), flags.end());
  auto device = std::make_unique<ChildProcess>(command);
  if (!device->WaitForLine("ready")) {
    Die("the device does not start: " + device->log());
  }
  return device;
}

absl::Status PlaybackRig::WaitForOpen(const std::string& vm) const {
  return WaitForStream(vm,
                       [](const v1::Stream& stream) {
                         return stream.state() == v1::STREAM_STATE_IDLE;
                       })
      .status();
}

absl::StatusOr<v1::Stream> PlaybackRig::WaitForDrained(
    const std::string& vm) const {
  return WaitForStream(vm, [](const v1::Stream& stream) {
    return stream.produced_frames() > 0 && stream.queued_frames() == 0 &&
           (stream.state() == v1::STREAM_STATE_IDLE ||
            stream.state() == v1::STREAM_STATE_CLOSED);
  });
}

std::vector<Recording> PlaybackRig::Recordings(const std::string& vm) const {
  std::vector<std::filesystem::directory_entry> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_ / "recordings")) {
    if (entry.path().filename().string().rfind(vm + "-", 0) == 0) {
      files.push_back(entry);
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.last_write_time() < b.last_write_time();
  });
  std::vector<Recording> recordings;
  recordings.reserve(files.size());
  for (const auto& file : files) {
    recordings.push_back(ReadRecording(file.path().string()));
  }
  return recordings;
}

absl::StatusOr<Recording> PlaybackRig::OnlyRecording(
    const std::string& vm) const {
  std::vector<Recording> recordings = Recordings(vm);
  if (recordings.size() != 1) {
    return absl::NotFoundError(std::to_string(recordings.size()) +
                               " recordings of " + vm);
  }
  return std::move(recordings.front());
}

}  // namespace earshot
