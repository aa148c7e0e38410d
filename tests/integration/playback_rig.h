#ifndef EARSHOT_TESTS_INTEGRATION_PLAYBACK_RIG_H_
#define EARSHOT_TESTS_INTEGRATION_PLAYBACK_RIG_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bazel/temporary_folder.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "tests/integration/child_process.h"

namespace earshot {

// What a recording holds.
struct Recording {
  int rate_hz = 0;
  int channels = 0;
  std::vector<int16_t> samples = {};  // interleaved

  int64_t frames() const {
    return channels == 0 ? 0 : static_cast<int64_t>(samples.size()) / channels;
  }
};

// Aborts the test if there is none.
Recording ReadRecording(const std::string& path);

// The real server and real devices in a scratch folder of their own, which goes
// with the rig. Aborts the test where a process does not start.
class PlaybackRig {
 public:
  PlaybackRig();
  ~PlaybackRig();
  PlaybackRig(const PlaybackRig&) = delete;
  PlaybackRig& operator=(const PlaybackRig&) = delete;

  // The server at server_address(), recording. Returns when it listens.
  ChildProcess& StartServer();
  ChildProcess& server() { return *server_; }
  std::string server_address() const { return "unix:" + Path("server.sock"); }

  // Another one, which records in the same place. Returns when it listens.
  std::unique_ptr<ChildProcess> StartOtherServer() const;
  std::string other_address() const { return "unix:" + Path("other.sock"); }
  // In the scratch folder.
  std::string Path(const std::string& name) const { return folder_ / name; }

  // A device for `vm`, with its socket at SocketPath(vm), which plays at
  // `server`, or at server_address(). Returns when it listens.
  std::unique_ptr<ChildProcess> StartDevice(
      const std::string& vm, const std::vector<std::string>& flags = {},
      const std::string& server = "") const;
  std::string SocketPath(const std::string& vm) const {
    return Path(vm + ".sock");
  }

  // The stream of the VM, once `until` holds for it.
  template <typename Predicate>
  absl::StatusOr<v1::Stream> WaitForStream(const std::string& vm,
                                           Predicate until) const;
  // Once its device has opened it. A device that is not connected yet when the
  // guest begins drops what its stall budget does not cover.
  absl::Status WaitForOpen(const std::string& vm) const;
  // Once its last epoch has been played to its end.
  absl::StatusOr<v1::Stream> WaitForDrained(const std::string& vm) const;

  // The recordings of a VM, oldest first.
  std::vector<Recording> Recordings(const std::string& vm) const;
  // The only one.
  absl::StatusOr<Recording> OnlyRecording(const std::string& vm) const;

 private:
  std::unique_ptr<ChildProcess> StartServerAt(const std::string& address) const;

  const TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> server_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

template <typename Predicate>
absl::StatusOr<v1::Stream> PlaybackRig::WaitForStream(const std::string& vm,
                                                      Predicate until) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(10));
  context.set_wait_for_ready(true);
  v1::WatchStreamsRequest request;
  request.set_interval_ms(100);
  const auto reader = admin_->WatchStreams(&context, request);
  v1::WatchStreamsResponse response;
  v1::Stream last;
  while (reader->Read(&response)) {
    if (response.stream().name() != "vms/" + vm + "/streams/0") continue;
    last = response.stream();
    if (!until(last)) continue;
    context.TryCancel();
    return last;
  }
  return absl::DeadlineExceededError("the stream never came to it: " +
                                     last.ShortDebugString());
}

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_PLAYBACK_RIG_H_
