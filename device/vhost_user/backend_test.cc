#include "device/vhost_user/backend.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "device/vhost_user/backend_fixture.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
// --- Setting up ---

TEST_F(BackendTest, OffersWhatWorksAndNothingElse) {
  ASSERT_TRUE(vmm_.Connect().ok());
  EXPECT_EQ(vmm_.offered_features(), FakeDevice::kFeatures | kFeatureIndirect |
                                         kFeatureEventIdx | kFeatureVersion1 |
                                         kFeatureProtocolFeatures);
  EXPECT_EQ(vmm_.protocol_features(),
            kProtocolMq | kProtocolReplyAck | kProtocolConfig |
                kProtocolInflightShmFd | kProtocolResetDevice |
                kProtocolConfigureMemSlots);
  EXPECT_EQ(*vmm_.GetU64(Request::kGetQueueNum), 4u);
}

TEST_F(BackendTest, RunsEveryQueueForAVmmThatStartsLikeQemu) {
  Start();
  EXPECT_EQ(device_.driver_features, FakeDevice::kFeatures);
  for (int queue = 0; queue < FakeDevice::kQueues; ++queue) {
    ExpectEcho(queue, {1, 2, static_cast<uint8_t>(queue)});
    EXPECT_GT(vmm_.TakeInterrupts(queue), 0u);
  }
}

TEST_F(BackendTest, TakesMemoryAsATable) {
  FakeFrontend::Options options = Options();
  options.memory_slots = false;
  FakeFrontend vmm(&guest_, options);
  ASSERT_TRUE(vmm.Connect().ok());
  ASSERT_TRUE(vmm.Start().ok());
  vmm.Send(2, {.readable = {{1}, {2}}, .writable = {2}, .indirect = true});
  EXPECT_EQ(vmm.WaitForUsed(2, 1).at(0).bytes, (Bytes{1, 2}));
}

TEST_F(BackendTest, WorksWithoutEventIdx) {
  FakeGuest guest({.event_idx = false});
  FakeFrontend vmm(&guest, Options());
  ASSERT_TRUE(vmm.Connect().ok());
  ASSERT_TRUE(vmm.Start().ok());
  for (uint8_t i = 0; i < 200; ++i) {
    vmm.Send(0, {.readable = {{i}}, .writable = {1}});
    ASSERT_EQ(vmm.WaitForUsed(0, 1).at(0).bytes, Bytes{i});
  }
}

TEST_F(BackendTest, AnswersAnyRangeOfTheConfiguration) {
  ASSERT_TRUE(vmm_.Connect().ok());
  EXPECT_EQ(*vmm_.GetConfig(0, 12),
            (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(*vmm_.GetConfig(10, 6), (Bytes{11, 12, 0, 0, 0, 0}));
  EXPECT_EQ(*vmm_.GetConfig(0, 256)->rbegin(), 0);
  EXPECT_EQ(vmm_.GetConfig(0xffffffff, 4)->size(), 4u);
  EXPECT_EQ(vmm_.GetConfig(4, 0)->size(), 0u);
  EXPECT_FALSE(vmm_.GetConfig(0, 257).ok());
  EXPECT_EQ(vmm_.GetConfig(0, 1)->size(), 1u);
}

TEST_F(BackendTest, RefusesToWriteTheConfiguration) {
  ASSERT_TRUE(vmm_.Connect().ok());
  Bytes payload = Encode(ConfigHeader{0, 4, 0});
  payload.resize(payload.size() + 4);
  EXPECT_TRUE(absl::IsAborted(vmm_.Command(Request::kSetConfig, payload)));
  EXPECT_TRUE(vmm_.GetConfig(0, 4).ok());
}

TEST_F(BackendTest, AcknowledgesAnyMessageThatAsksForIt) {
  ASSERT_TRUE(vmm_.Connect().ok());
  EXPECT_TRUE(vmm_.Command(Request::kSetOwner, {}).ok());
  EXPECT_TRUE(vmm_.Command(Request::kResetOwner, {}).ok());
  EXPECT_TRUE(
      vmm_.Command(Request::kSetVringNum, Encode(VringState{0, 64})).ok());
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  EXPECT_TRUE(vmm_.Command(Request::kSetBackendReqFd, {}, {fd.get()}).ok());
}

TEST_F(BackendTest, RefusesUnknownRequestsAndGoesOn) {
  ASSERT_TRUE(vmm_.Connect().ok());
  EXPECT_TRUE(
      absl::IsAborted(vmm_.Command(static_cast<Request>(99), Bytes(10))));
  ASSERT_TRUE(vmm_.SendMessage(99, 0, Bytes(10)).ok());
  EXPECT_EQ(*vmm_.GetU64(Request::kGetQueueNum), 4u);
}

TEST_F(BackendTest, RefusesBadArgumentsAndGoesOn) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  auto refused = [&](Request request, const Bytes& payload,
                     std::vector<int> fds = {}) {
    return absl::IsAborted(vmm_.Command(request, payload, fds));
  };
  EXPECT_TRUE(refused(Request::kSetFeatures, Encode(~uint64_t{0})));
  EXPECT_TRUE(refused(Request::kSetFeatures, Bytes(4)));
  EXPECT_TRUE(refused(Request::kSetProtocolFeatures, Bytes(9)));
  EXPECT_TRUE(refused(Request::kSetVringNum, Encode(VringState{4, 64})));
  EXPECT_TRUE(refused(Request::kSetVringNum, Encode(VringState{0, 0})));
  EXPECT_TRUE(refused(Request::kSetVringNum, Encode(VringState{0, 63})));
  EXPECT_TRUE(refused(Request::kSetVringNum, Encode(VringState{0, 65536})));
  EXPECT_TRUE(
      refused(Request::kSetVringAddr, Encode(VringAddress{.index = 9})));
  EXPECT_TRUE(refused(Request::kSetVringBase, Encode(VringState{1u << 31, 0})));
  EXPECT_TRUE(refused(Request::kSetVringEnable, Encode(VringState{77, 1})));
  EXPECT_TRUE(refused(Request::kSetVringKick, Encode(uint64_t{4}), {fd.get()}));
  EXPECT_TRUE(refused(Request::kSetVringKick, Encode(uint64_t{0})));
  EXPECT_TRUE(refused(Request::kSetVringKick, Encode(kVringNoFd)));
  EXPECT_TRUE(refused(Request::kSetVringCall, Encode(uint64_t{0})));
  EXPECT_TRUE(refused(Request::kSetBackendReqFd, {}));
  EXPECT_TRUE(refused(Request::kSetMemTable, Bytes(4)));
  EXPECT_TRUE(refused(Request::kSetMemTable, Encode(MemoryTableHeader{1, 0})));
  EXPECT_TRUE(refused(Request::kSetMemTable, Encode(MemoryTableHeader{1, 0}),
                      {fd.get()}));
  EXPECT_TRUE(refused(Request::kAddMemReg, Bytes(40)));
  EXPECT_TRUE(refused(Request::kAddMemReg, Bytes(40), {fd.get()}));
  EXPECT_TRUE(refused(Request::kRemMemReg, Bytes(40)));
  EXPECT_TRUE(vmm_.Start().ok());
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, RefusesAKickThatCannotBeWaitedFor) {
  ASSERT_TRUE(vmm_.Connect().ok());
  EXPECT_TRUE(absl::IsAborted(vmm_.Command(
      Request::kSetVringKick, Encode(uint64_t{0}), {guest_.ram().fd()})));
  EXPECT_TRUE(vmm_.Start().ok());
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, AKickFdThatEndsStopsNothingElse) {
  Start();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringKick, Encode(uint64_t{1}), {ends[0]})
          .ok());
  close(ends[0]);
  close(ends[1]);
  for (int i = 0; i < 10; ++i) Pump();
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, ReportsRingsThatAreNotInMemory) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringNum, Encode(VringState{0, 64})).ok());
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringKick, Encode(uint64_t{0}), {fd.get()})
          .ok());
  EXPECT_TRUE(absl::IsAborted(
      vmm_.Command(Request::kSetVringEnable, Encode(VringState{0, 1}))));
}

// --- Kicks and interrupts ---

TEST_F(BackendTest, AKickBeforeEnableIsNotLost) {
  Start();
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringEnable, Encode(VringState{2, 0})).ok());
  vmm_.Add(2, {.readable = {{5}}, .writable = {1}});
  vmm_.KickAnyway(2);
  for (int i = 0; i < 10; ++i) Pump();
  EXPECT_THAT(vmm_.Collect(2), IsEmpty());
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringEnable, Encode(VringState{2, 1})).ok());
  EXPECT_EQ(vmm_.WaitForUsed(2, 1).size(), 1u);
}

TEST_F(BackendTest, AStartedRingThatWasNeverKickedIsServed) {
  ASSERT_TRUE(vmm_.Connect().ok());
  guest_.ResetRings(true);
  ASSERT_TRUE(vmm_.Start().ok());
  // The event queue is filled without a kick before the rings are enabled.
  ASSERT_TRUE(vmm_.Stop().ok());
  device_.hold = true;
  vmm_.Add(1, {.writable = {8}});
  ASSERT_TRUE(vmm_.Resume().ok());
  EXPECT_EQ(device_.held[1].size(), 1u);
}

TEST_F(BackendTest, ADisabledRingCompletesNothing) {
  Start();
  device_.hold = true;
  vmm_.Send(2, {.readable = {{5}}, .writable = {1}});
  Pump();
  ASSERT_EQ(device_.held[2].size(), 1u);
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringEnable, Encode(VringState{2, 0})).ok());
  EXPECT_FALSE(device_.Running(2));
  EXPECT_TRUE(device_.Running(0));
}

TEST_F(BackendTest, OneInterruptForABatch) {
  Start();
  for (int queue = 0; queue < FakeDevice::kQueues; ++queue) {
    vmm_.TakeInterrupts(queue);
  }
  for (uint8_t i = 0; i < 5; ++i) {
    vmm_.Add(2, {.readable = {{i}}, .writable = {1}});
  }
  vmm_.Kick(2);
  EXPECT_EQ(vmm_.WaitForUsed(2, 5).size(), 5u);
  EXPECT_EQ(vmm_.TakeInterrupts(2), 1u);
}

TEST_F(BackendTest, ANewCallFdIsSignaledSinceAnInterruptMayBeLost) {
  Start();
  vmm_.TakeInterrupts(2);
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringCall, Encode(uint64_t{2}), {fd.get()})
          .ok());
  eventfd_t count = 0;
  EXPECT_EQ(eventfd_read(fd.get(), &count), 0);
}

TEST_F(BackendTest, ACallFdThatNobodyReadsStopsNothing) {
  Start();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd call(ends[1]);
  close(ends[0]);
  // It is signaled at once, which a SIGPIPE would answer.
  EXPECT_TRUE(
      vmm_.Command(Request::kSetVringCall, Encode(uint64_t{2}), {call.get()})
          .ok());
  EXPECT_TRUE(vmm_.GetU64(Request::kGetFeatures).ok());
}

// --- Pause, reset, and the VMM's end ---

TEST_F(BackendTest, APauseKeepsTheDevicesStateAndOffersBuffersAgain) {
  Start();
  ExpectEcho(0, {1});
  ExpectEcho(2, {2});
  device_.hold = true;
  vmm_.Send(2, {.readable = {{3}}, .writable = {1}});
  vmm_.Send(2, {.readable = {{4}}, .writable = {1}});
  Pump();
  ASSERT_EQ(device_.held[2].size(), 2u);
  device_.TakeLog();
  ASSERT_TRUE(vmm_.Stop().ok());
  EXPECT_EQ(vmm_.base(0), 1u);
  EXPECT_EQ(vmm_.base(2), 1u);
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("stop 0", "stop 1", "stop 2", "stop 3"));
  ASSERT_TRUE(vmm_.Resume().ok());
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("start 0", "start 1", "start 2", "start 3"));
  ASSERT_EQ(device_.held[2].size(), 2u);
  device_.Complete(2);
  const std::vector<UsedChain> used = vmm_.WaitForUsed(2, 2);
  ASSERT_EQ(used.size(), 2u);
  EXPECT_EQ(used[0].bytes, Bytes{3});
  EXPECT_EQ(used[1].bytes, Bytes{4});
}

TEST_F(BackendTest, AFreshControlQueueResetsTheDevice) {
  Start();
  ExpectEcho(0, {1});
  ASSERT_TRUE(vmm_.Reset().ok());
  device_.TakeLog();
  device_.driver_features = 0;
  ASSERT_TRUE(vmm_.Start().ok());
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("reset", "start 0", "start 1", "start 2", "start 3"));
  EXPECT_EQ(device_.driver_features, FakeDevice::kFeatures);
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, ManyResetsInARow) {
  ASSERT_TRUE(vmm_.Connect().ok());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(vmm_.Start().ok());
    ExpectEcho(0, {1});
    ExpectEcho(2, {2});
    ASSERT_TRUE(vmm_.Reset().ok());
  }
}

TEST_F(BackendTest, GoesOnFromTheUsedIndexIfTheBaseIsTheAvailIndex) {
  Start();
  ASSERT_TRUE(vmm_.Stop().ok());
  device_.hold = true;
  for (int i = 0; i < 3; ++i) vmm_.Add(1, {.writable = {8}});
  const UniqueFd kick(eventfd(0, EFD_CLOEXEC));
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringBase, Encode(VringState{1, 3})).ok());
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringKick, Encode(uint64_t{1}), {kick.get()})
          .ok());
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringEnable, Encode(VringState{1, 1})).ok());
  EXPECT_EQ(device_.held[1].size(), 3u);
}

TEST_F(BackendTest, ResetDeviceStopsEverything) {
  Start();
  ASSERT_TRUE(vmm_.Command(Request::kResetDevice, {}).ok());
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("stop 0", "stop 1", "stop 2", "stop 3", "reset"));
  ASSERT_TRUE(vmm_.Start().ok());
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, TheNextVmmFindsAFreshDevice) {
  for (int i = 0; i < 5; ++i) {
    FakeGuest guest({});
    FakeFrontend vmm(&guest, Options());
    ASSERT_TRUE(vmm.Connect().ok());
    ASSERT_TRUE(vmm.Start().ok());
    device_.TakeLog();
    device_.hold = true;
    vmm.Send(2, {.readable = {{1}}, .writable = {1}});
    Pump();
    vmm.Disconnect();
    while (backend_->connected()) Pump();
    EXPECT_THAT(device_.TakeLog(),
                ElementsAre("stop 0", "stop 1", "stop 2", "stop 3", "reset"));
  }
  EXPECT_EQ(backend_->stats().connections, 5);
  EXPECT_EQ(backend_->stats().protocol_errors, 0);
}

TEST_F(BackendTest, LeavesNoFdOrMappingBehind) {
  for (int i = 0; i < 2; ++i) {
    const int before = OpenFds();
    Start();
    ExpectEcho(2, {1});
    EXPECT_GT(OpenFds(), before);
    vmm_.Disconnect();
    while (backend_->connected()) Pump();
    // The loop opens a few of its own when it is first used.
    if (i > 0) {
      EXPECT_EQ(OpenFds(), before);
    }
  }
  std::ifstream maps("/proc/self/maps");
  int mappings = 0;
  for (std::string line; std::getline(maps, line);) {
    mappings += line.find("fake_ram") != std::string::npos;
  }
  const int regions = guest_.ram().regions().size();
  EXPECT_LE(mappings, regions);  // the guest's own
}

TEST_F(BackendTest, OneVmmAtATime) {
  Start();
  FakeGuest guest({});
  FakeFrontend other(&guest, Options());
  EXPECT_FALSE(other.Connect().ok());
  EXPECT_EQ(backend_->stats().refused_connections, 1);
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, AVmmThatComesRightAfterAnotherIsNotRefused) {
  Start();
  vmm_.Disconnect();
  FakeGuest guest({});
  FakeFrontend next(&guest, Options());
  EXPECT_TRUE(next.Connect().ok());
  EXPECT_TRUE(next.Start().ok());
  EXPECT_EQ(backend_->stats().refused_connections, 0);
}

TEST_F(BackendTest, GarbageClosesTheConnectionAndItListensAgain) {
  for (const Bytes& garbage :
       {Bytes(64, 0xff), Bytes(12, 0), Encode(Header{5, kVersion, 1u << 30}),
        Encode(Header{1, kVersion | kReplyFlag, 0})}) {
    ASSERT_TRUE(vmm_.Connect().ok());
    ASSERT_TRUE(vmm_.SendRaw(garbage).ok());
    EXPECT_TRUE(vmm_.WaitForClose());
  }
  EXPECT_EQ(backend_->stats().protocol_errors, 4);
  Start();
  ExpectEcho(0, {1});
}

TEST_F(BackendTest, ARequestWhoseReplyCannotBeGivenClosesTheConnection) {
  const uint32_t get_base = static_cast<uint32_t>(Request::kGetVringBase);
  for (const Bytes& payload : {Encode(VringState{4, 0}), Bytes(3)}) {
    ASSERT_TRUE(vmm_.Connect().ok());
    ASSERT_TRUE(vmm_.SendMessage(get_base, 0, payload).ok());
    EXPECT_TRUE(vmm_.WaitForClose());
  }
}

TEST_F(BackendTest, SurplusFdsAreClosed) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  Pump();
  const int before = OpenFds();
  EXPECT_TRUE(vmm_.Command(Request::kResetOwner, {},
                           std::vector<int>(kMaxFds, fd.get()))
                  .ok());
  EXPECT_EQ(OpenFds(), before);
}

// --- Memory that changes ---

TEST_F(BackendTest, MemoryMayComeAndGoWhileRingsRun) {
  Start();
  const auto& second = guest_.ram().regions()[1];
  const Bytes region = Encode(
      SingleMemoryRegion{0,
                         {second.guest_address, second.size,
                          second.user_address, guest_.ram().region_size()}});
  ASSERT_TRUE(vmm_.Command(Request::kRemMemReg, region).ok());
  ExpectEcho(0, {1});
  ASSERT_TRUE(
      vmm_.Command(Request::kAddMemReg, region, {guest_.ram().fd()}).ok());
  ExpectEcho(2, {2});
  EXPECT_TRUE(absl::IsAborted(
      vmm_.Command(Request::kAddMemReg, region, {guest_.ram().fd()})));
  ExpectEcho(2, {3});
}

TEST_F(BackendTest, RingsStopWhileTheirMemoryIsGone) {
  Start();
  const auto& first = guest_.ram().regions()[0];
  const Bytes region = Encode(SingleMemoryRegion{
      0, {first.guest_address, first.size, first.user_address, 0}});
  // Some VMMs send the fd again.
  ASSERT_TRUE(
      vmm_.Command(Request::kRemMemReg, region, {guest_.ram().fd()}).ok());
  EXPECT_FALSE(device_.Running(0));
  vmm_.Add(0, {.readable = {{7}}, .writable = {1}});
  ASSERT_TRUE(
      vmm_.Command(Request::kAddMemReg, region, {guest_.ram().fd()}).ok());
  EXPECT_EQ(vmm_.WaitForUsed(0, 1).at(0).bytes, Bytes{7});
}

// --- The loop ---

TEST_F(BackendTest, CallsTheDeviceWhenItAskedForIt) {
  Start();
  device_.deadline = std::chrono::steady_clock::now();
  ExpectEcho(0, {1});  // it is asked after each call
  while (device_.timers == 0) Pump();
  EXPECT_EQ(device_.timers, 1);
}

TEST_F(BackendTest, ADeadlineThatMovesReplacesTheOldOne) {
  Start();
  device_.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  ExpectEcho(0, {1});
  Pump();
  EXPECT_EQ(device_.timers, 0);
  device_.deadline = std::chrono::steady_clock::now();
  ExpectEcho(0, {1});
  while (device_.timers == 0) Pump();
  EXPECT_EQ(device_.timers, 1);
}

TEST_F(BackendTest, PollCallsTheDeviceAtOnce) {
  backend_->Poll();
  EXPECT_EQ(device_.timers, 1);
}

TEST_F(BackendTest, ShutdownLetsTheVmmGoAndTheLoopEnd) {
  Start();
  device_.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  ExpectEcho(0, {1});
  backend_->Shutdown();
  loop_.restart();
  loop_.run();  // returns
  EXPECT_TRUE(vmm_.WaitForClose());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("stop 0", "stop 1", "stop 2", "stop 3", "reset"));
}

TEST_F(BackendTest, ASecondBackendDoesNotTakeTheSocket) {
  EXPECT_TRUE(
      absl::IsAlreadyExists(Backend::Create(&loop_, &device_, path_).status()));
  Start();
  ExpectEcho(0, {1});
}

}  // namespace
}  // namespace earshot::vhost_user
