#ifndef EARSHOT_DEVICE_VHOST_USER_VMM_SESSION_H_
#define EARSHOT_DEVICE_VHOST_USER_VMM_SESSION_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/fake_frontend.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/fake_guest.h"

namespace earshot::vhost_user {

// Plays what a VMM says, as a script has it, through a FakeFrontend, whose
// driver's side goes on as usual. A script is a text of phases:
//
//   # whatever, up to the end of the line
//   [start]                    the phase: connect, start, pause, resume, ...
//   SET_FEATURES! accept=0x1   "!": an answer is asked for, and must be good
//   each ring:                 what is indented is said for ring 0, then 1, ...
//     SET_VRING_BASE avail
//
// The words behind a request:
//   accept=MASK   of the features that are offered, those are taken
//   offset= size= flags=       GET_CONFIG
//   told, avail, zero          SET_VRING_BASE: what GET_VRING_BASE said last (0
//                              for a driver that begins), what the driver has
//                              made available, or 0
//   on, off                    SET_VRING_ENABLE
//   file                       SET_BACKEND_REQ_FD and others: any fd goes along
// KICK is no message, but a kick. SET_MEM_TABLE and ADD_MEM_REG tell of all the
// guest's memory. For tests.
class VmmSession {
 public:
  static absl::StatusOr<VmmSession> Load(const std::string& path);

  // `guest` is what `frontend` connects; both outlive it.
  void Use(FakeGuest* guest, FakeFrontend* frontend);

  bool Has(const std::string& phase) const { return phases_.contains(phase); }
  // An error names the line that the back-end did not take.
  absl::Status Play(const std::string& phase);
  // The driver begins anew: its rings, and what bases and buffers are known.
  void ResetDriver();

 private:
  struct Line {
    int number = 0;
    std::string request;
    bool need_reply = false;
    bool each_ring = false;
    std::map<std::string, std::string> words = {};  // "avail" → ""
    uint64_t Number(const std::string& word, uint64_t otherwise) const;
  };

  absl::Status Say(const Line& line, int ring);
  absl::Status SayMemory(const Line& line);
  absl::StatusOr<std::vector<uint8_t>> Ask(const Line& line,
                                           const std::vector<uint8_t>& payload,
                                           UniqueFd* fd = nullptr);
  absl::Status Tell(const Line& line, const std::vector<uint8_t>& payload,
                    const std::vector<int>& fds = {});
  absl::Status AskOrTell(const Line& line, int ring);

  std::map<std::string, std::vector<Line>> phases_;
  FakeGuest* guest_ = nullptr;
  FakeFrontend* frontend_ = nullptr;
  uint64_t offered_ = 0;
  uint64_t offered_protocol_ = 0;
  std::vector<uint32_t> told_;  // by GET_VRING_BASE
  Inflight inflight_;
  UniqueFd inflight_fd_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_VMM_SESSION_H_
