#ifndef EARSHOT_DEVICE_VHOST_USER_FAKE_FRONTEND_H_
#define EARSHOT_DEVICE_VHOST_USER_FAKE_FRONTEND_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device/vhost_user/frontend_socket.h"
#include "device/vhost_user/unique_fd.h"
#include "device/vhost_user/wire.h"
#include "device/virtio/fake_guest.h"

namespace earshot::vhost_user {

// A VMM for tests: connects a FakeGuest to a vhost-user back-end over its
// socket, with QEMU's messages in QEMU's order.
//
//   FakeGuest guest({});
//   FakeFrontend vmm(&guest, {.socket_path = path});
//   ASSERT_TRUE(vmm.Connect().ok());
//   ASSERT_TRUE(vmm.Start().ok());
//   vmm.Send(0, {.readable = {request}, .writable = {4}});
//   auto used = vmm.WaitForUsed(0, 1);
class FakeFrontend : public FrontendSocket {
 public:
  struct Options {
    std::string socket_path = {};
    std::function<void()> pump = {};  // see FrontendSocket
    // Memory by ADD_MEM_REG, else by SET_MEM_TABLE.
    bool memory_slots = true;
    // Keeps a buffer of what is in flight for the back-end, over connections.
    bool inflight = false;
    // For replies and for WaitForUsed.
    std::chrono::milliseconds timeout = std::chrono::seconds(10);
  };

  // `guest` outlives it.
  FakeFrontend(FakeGuest* guest, Options options);

  // Connects and says what QEMU says before the guest runs.
  absl::Status Connect();
  // The connection alone: for whoever says the rest by single messages.
  absl::Status Open();
  // The VMM is gone: rings, memory and socket.
  void Disconnect();

  // The driver is ready: fresh rings from 0 on, with what is offered of
  // `features`. SET_FEATURES to ENABLE(1).
  absl::Status Start(uint64_t features = ~uint64_t{0});
  // The VM pauses: ENABLE(0) and GET_VRING_BASE for each ring.
  absl::Status Stop();
  // It goes on: the same rings from the bases that Stop() was told.
  absl::Status Resume();
  // A new connection to a back-end that went away while the guest ran: the same
  // rings, from the avail index on, as some VMMs do it.
  absl::Status Reconnect();
  // The guest resets the device; to be followed by Start(). On the socket it
  // is a Stop().
  absl::Status Reset();

  // --- The driver ---
  // Makes a chain available and kicks if the device wants that.
  uint64_t Send(int queue, const FakeChain& chain);
  uint64_t Add(int queue, const FakeChain& chain);
  bool Kick(int queue);
  // Kicks whatever the ring says, as QEMU does at a start.
  void KickAnyway(int queue);
  std::vector<UsedChain> Collect(int queue);
  // Collects until there are `count`, or less at the timeout.
  std::vector<UsedChain> WaitForUsed(int queue, size_t count);
  // Sleeps until the next interrupt, or the timeout; takes it.
  void WaitForInterrupt(int queue, std::chrono::microseconds timeout);
  // Interrupts since the last call.
  uint64_t TakeInterrupts(int queue);

  absl::StatusOr<std::vector<uint8_t>> GetConfig(uint32_t offset,
                                                 uint32_t size);
  uint64_t offered_features() const { return offered_; }
  uint64_t features() const { return features_; }  // what Start() took of it
  uint64_t protocol_features() const { return protocol_features_; }
  // What GET_VRING_BASE said.
  uint32_t base(int queue) const { return queues_.at(queue).base; }

  // --- The rings' eventfds ---
  // A new one to be kicked by, and those of interrupts and errors.
  int NewKickFd(int queue);
  int CallFd(int queue);
  int ErrFd(int queue);

 private:
  struct Queue {
    UniqueFd kick;
    UniqueFd call;
    UniqueFd error;
    uint32_t base = 0;
  };

  absl::Status SendMemory();
  absl::Status SendInflight();
  absl::Status StartRings();
  absl::Status SetUpRing(int index);

  FakeGuest* const guest_;
  const Options options_;
  std::vector<Queue> queues_;
  uint64_t offered_ = 0;
  uint64_t features_ = 0;
  uint64_t protocol_features_ = 0;
  bool memory_sent_ = false;
  UniqueFd inflight_fd_;
  Inflight inflight_;
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_FAKE_FRONTEND_H_
