// Buffers that the device has taken and not given back, over pauses, deaths and
// new connections: none is lost, none comes twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device/vhost_user/backend_fixture.h"
#include "device/virtio/inflight_log.h"

namespace earshot::vhost_user {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class InflightTest : public BackendTest {
 protected:
  static constexpr int kTx = 2;

  // Has the device take a buffer with each of these bytes.
  void Take(FakeFrontend& vmm, const Bytes& bytes) {
    device_.hold = true;
    for (uint8_t byte : bytes) {
      vmm.Send(kTx, {.readable = {{byte}}, .writable = {1}});
    }
    Pump();
    Pump();
  }
  // A VMM whose four rings may each have so many entries in this buffer.
  absl::Status StartWith(const UniqueFd& buffer, uint64_t size,
                         uint16_t entries) {
    if (absl::Status ok = vmm_.Connect(); !ok.ok()) return ok;
    const Inflight description{
        .size = size, .queue_count = 4, .queue_size = entries};
    const absl::Status set = vmm_.Command(Request::kSetInflightFd,
                                          Encode(description), {buffer.get()});
    return set.ok() ? vmm_.Start() : set;
  }
  Bytes Held() const {
    Bytes bytes;
    for (const DescriptorChain& chain : device_.held[kTx]) {
      uint8_t byte = 0;
      chain.Read(0, absl::MakeSpan(&byte, 1));
      bytes.push_back(byte);
    }
    return bytes;
  }
  Bytes Used(FakeFrontend& vmm) {
    Bytes bytes;
    for (const UsedChain& used : vmm.Collect(kTx)) {
      bytes.insert(bytes.end(), used.bytes.begin(), used.bytes.end());
    }
    return bytes;
  }
  FakeFrontend::Options WithInflight() {
    FakeFrontend::Options options = Options();
    options.inflight = true;
    return options;
  }
};

TEST_F(InflightTest, APauseKeepsBuffersThatOthersOvertook) {
  Start();
  ExpectEcho(0, {0});  // else it would look like a reset
  Take(vmm_, {1, 2, 3, 4});
  device_.CompleteOne(kTx, 2);
  device_.CompleteOne(kTx, 0);
  EXPECT_THAT(Used(vmm_), ElementsAre(3, 1));
  ASSERT_TRUE(vmm_.Stop().ok());
  EXPECT_EQ(vmm_.base(kTx), 2u);
  ASSERT_TRUE(vmm_.Resume().ok());
  EXPECT_THAT(Held(), ElementsAre(2, 4));
  Take(vmm_, {5});
  EXPECT_THAT(Held(), ElementsAre(2, 4, 5));
  device_.Complete(kTx);
  EXPECT_THAT(Used(vmm_), ElementsAre(2, 4, 5));
}

TEST_F(InflightTest, ADisabledRingKeepsThemAsWell) {
  Start();
  Take(vmm_, {1, 2, 3});
  device_.CompleteOne(kTx, 1);
  for (uint32_t enable : {0u, 1u}) {
    ASSERT_TRUE(
        vmm_.Command(Request::kSetVringEnable, Encode(VringState{kTx, enable}))
            .ok());
  }
  EXPECT_THAT(Held(), ElementsAre(1, 3));
}

TEST_F(InflightTest, ADriverThatBeginsAnewFindsNothingInFlight) {
  Start();
  Take(vmm_, {1, 2, 3});
  device_.CompleteOne(kTx, 1);
  ASSERT_TRUE(vmm_.Reset().ok());
  ASSERT_TRUE(vmm_.Start().ok());
  EXPECT_THAT(Held(), IsEmpty());
  Take(vmm_, {7});
  EXPECT_THAT(Held(), ElementsAre(7));
}

TEST_F(InflightTest, ANewConnectionGoesOnWithTheBufferThatTheVmmKept) {
  FakeFrontend vmm(&guest_, WithInflight());
  ASSERT_TRUE(vmm.Connect().ok());
  ASSERT_TRUE(vmm.Start().ok());
  Take(vmm, {1, 2, 3, 4});
  device_.CompleteOne(kTx, 1);
  // Not stopped: the back-end is gone from one moment to the other.
  vmm.Disconnect();
  while (backend_->connected()) Pump();
  vmm.Add(kTx, {.readable = {{5}}, .writable = {1}});
  const absl::Status reconnected = vmm.Reconnect();
  ASSERT_TRUE(reconnected.ok()) << reconnected;
  EXPECT_THAT(Held(), ElementsAre(1, 3, 4, 5));
  device_.Complete(kTx);
  EXPECT_THAT(Used(vmm), ElementsAre(2, 1, 3, 4, 5));
}

TEST_F(InflightTest, ManyDeathsLoseAndRepeatNothing) {
  FakeFrontend vmm(&guest_, WithInflight());
  ASSERT_TRUE(vmm.Connect().ok());
  ASSERT_TRUE(vmm.Start().ok());
  Bytes expected;
  Bytes used;
  for (uint8_t i = 0; i < 60; ++i) {
    Take(vmm, {i});
    expected.push_back(i);
    // One of those that wait, whichever.
    device_.CompleteOne(kTx, i % device_.held[kTx].size());
    if (i % 3 == 0) Take(vmm, {static_cast<uint8_t>(i + 100)});
    if (i % 3 == 0) expected.push_back(i + 100);
    const Bytes some = Used(vmm);
    used.insert(used.end(), some.begin(), some.end());
    vmm.Disconnect();
    while (backend_->connected()) Pump();
    ASSERT_TRUE(vmm.Reconnect().ok());
  }
  device_.Complete(kTx);
  const Bytes rest = Used(vmm);
  used.insert(used.end(), rest.begin(), rest.end());
  EXPECT_THAT(used, testing::UnorderedElementsAreArray(expected));
}

TEST_F(InflightTest, AResetWithTheVmmsBufferBegins) {
  FakeFrontend vmm(&guest_, WithInflight());
  ASSERT_TRUE(vmm.Connect().ok());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(vmm.Start().ok());
    EXPECT_THAT(Held(), IsEmpty());
    Take(vmm, {1, 2});
    device_.CompleteOne(kTx, 1);
    ASSERT_TRUE(vmm.Reset().ok());
  }
}

TEST_F(InflightTest, TheBufferIsAFileThatCannotShrink) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const Inflight wanted = {.queue_count = 4, .queue_size = 128};
  const uint32_t request = static_cast<uint32_t>(Request::kGetInflightFd);
  ASSERT_TRUE(vmm_.SendMessage(request, kNeedReplyFlag, Encode(wanted)).ok());
  UniqueFd fd;
  auto reply = vmm_.ReceiveReply(request, &fd);
  ASSERT_TRUE(reply.ok()) << reply.status();
  Inflight description;
  ASSERT_EQ(reply->size(), sizeof(description));
  std::memcpy(&description, reply->data(), sizeof(description));
  EXPECT_EQ(description.size, 4 * InflightLog::SizeFor(128));
  EXPECT_EQ(description.offset, 0u);
  EXPECT_EQ(description.queue_count, 4);
  EXPECT_EQ(description.queue_size, 128);
  EXPECT_LT(ftruncate(fd.get(), 0), 0);
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_END), static_cast<off_t>(description.size));
}

TEST_F(InflightTest, NumbersThatMakeNoSenseGetNoBuffer) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const uint32_t request = static_cast<uint32_t>(Request::kGetInflightFd);
  for (const Inflight& wanted :
       {Inflight{.queue_count = 0, .queue_size = 64},
        Inflight{.queue_count = 4, .queue_size = 0},
        Inflight{.queue_count = 5, .queue_size = 64},
        Inflight{.queue_count = 4, .queue_size = 0xffff}}) {
    ASSERT_TRUE(vmm_.SendMessage(request, 0, Encode(wanted)).ok());
    UniqueFd fd;
    auto reply = vmm_.ReceiveReply(request, &fd);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(*reply, Bytes(sizeof(Inflight)));
    EXPECT_FALSE(fd.valid());
  }
}

TEST_F(InflightTest, RefusesABufferThatIsTooSmallOrNone) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 8192), 0);
  auto refused = [&](const Inflight& description, std::vector<int> fds) {
    return absl::IsAborted(
        vmm_.Command(Request::kSetInflightFd, Encode(description), fds));
  };
  const Inflight good = {.size = 8192, .queue_count = 4, .queue_size = 64};
  EXPECT_FALSE(refused(good, {file.get()}));
  EXPECT_TRUE(refused(good, {}));
  Inflight bad = good;
  bad.size = 100;
  EXPECT_TRUE(refused(bad, {file.get()}));
  bad = good;
  bad.offset = 4096;
  EXPECT_TRUE(refused(bad, {file.get()}));
  bad = good;
  bad.offset = 1;
  EXPECT_TRUE(refused(bad, {file.get()}));
  bad = good;
  bad.offset = ~uint64_t{4095};
  EXPECT_TRUE(refused(bad, {file.get()}));
  bad = good;
  bad.queue_count = 0xffff;
  EXPECT_TRUE(refused(bad, {file.get()}));
}

TEST_F(InflightTest, ABufferForSmallerRingsIsNotUsed) {
  const UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 4096), 0);
  ASSERT_TRUE(StartWith(file, 4096, 16).ok());
  ExpectEcho(kTx, {1});
}

TEST_F(InflightTest, RubbishInTheBufferHurtsNobody) {
  const UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  const Bytes rubbish(8192, 0xa5);
  ASSERT_EQ(pwrite(file.get(), rubbish.data(), rubbish.size(), 0), 8192);
  ASSERT_TRUE(StartWith(file, 8192, 64).ok());
  ExpectEcho(kTx, {1});
}

TEST_F(InflightTest, ABufferThatIsTruncatedEndsTheConnection) {
  const UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 8192), 0);
  ASSERT_TRUE(StartWith(file, 8192, 64).ok());
  ExpectEcho(kTx, {1});
  ASSERT_EQ(ftruncate(file.get(), 0), 0);
  vmm_.Send(kTx, {.readable = {{2}}, .writable = {1}});
  EXPECT_TRUE(vmm_.WaitForClose());
  Start();
  ExpectEcho(kTx, {3});
}

}  // namespace
}  // namespace earshot::vhost_user
