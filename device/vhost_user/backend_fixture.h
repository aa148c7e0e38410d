#ifndef EARSHOT_DEVICE_VHOST_USER_BACKEND_FIXTURE_H_
#define EARSHOT_DEVICE_VHOST_USER_BACKEND_FIXTURE_H_

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bazel/temporary_folder.h"
#include "device/vhost_user/backend.h"
#include "device/vhost_user/fake_device.h"
#include "device/vhost_user/fake_frontend.h"

namespace earshot::vhost_user {

// What tests of the back-end begin with: one with a FakeDevice, its loop run by
// the VMM that waits, and a guest.

using Bytes = std::vector<uint8_t>;

template <typename T>
Bytes Encode(const T& value) {
  Bytes bytes(sizeof(value));
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

inline int OpenFds() {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

class BackendTest : public testing::Test {
 protected:
  BackendTest() {
    auto backend = Backend::Create(&loop_, &device_, path_);
    EXPECT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
  }
  ~BackendTest() override { backend_ = nullptr; }

  void Pump() { loop_.poll(); }
  FakeFrontend::Options Options() {
    return {.socket_path = path_, .pump = [this] { Pump(); }};
  }
  // Connects and starts; the log begins empty.
  void Start() {
    ASSERT_TRUE(vmm_.Connect().ok());
    const absl::Status started = vmm_.Start();
    ASSERT_TRUE(started.ok()) << started;
    Pump();
    device_.TakeLog();
  }
  // Sends a chain and expects its bytes back.
  void ExpectEcho(int queue, Bytes bytes) {
    FakeChain chain = {.readable = {bytes},
                       .writable = {static_cast<uint32_t>(bytes.size())}};
    vmm_.Send(queue, chain);
    const std::vector<UsedChain> used = vmm_.WaitForUsed(queue, 1);
    ASSERT_EQ(used.size(), 1u);
    EXPECT_EQ(used[0].bytes, bytes);
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "socket";
  boost::asio::io_context loop_;
  FakeDevice device_;
  std::unique_ptr<Backend> backend_;
  FakeGuest guest_{{}};
  FakeFrontend vmm_{&guest_, Options()};
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_BACKEND_FIXTURE_H_
