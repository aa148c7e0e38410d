// Memory that a VMM adds, replaces, removes, or takes away while rings run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fstream>

#include "device/vhost_user/backend_fixture.h"

namespace earshot::vhost_user {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ForeignMemoryTest : public BackendTest {
 protected:
  MemoryRegion Region(int index) {
    const auto& region = guest_.ram().regions()[index];
    return {region.guest_address, region.size, region.user_address,
            index * guest_.ram().region_size()};
  }
  // SET_MEM_TABLE with these regions of the guest's memory.
  absl::Status SetTable(const std::vector<MemoryRegion>& regions) {
    Bytes payload =
        Encode(MemoryTableHeader{static_cast<uint32_t>(regions.size()), 0});
    for (const MemoryRegion& region : regions) {
      const Bytes bytes = Encode(region);
      payload.insert(payload.end(), bytes.begin(), bytes.end());
    }
    return vmm_.Command(Request::kSetMemTable, payload,
                        std::vector<int>(regions.size(), guest_.ram().fd()));
  }
  static int Mappings() {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) {
      count += line.find("fake_ram") != std::string::npos;
    }
    return count;
  }
};

TEST_F(ForeignMemoryTest, HotPluggedMemoryDoesNotStopTheRings) {
  Start();
  const Bytes second = Encode(SingleMemoryRegion{0, Region(1)});
  ASSERT_TRUE(vmm_.Command(Request::kRemMemReg, second).ok());
  device_.hold = true;
  vmm_.Send(2, {.readable = {{1}}, .writable = {1}});
  Pump();
  device_.TakeLog();
  ASSERT_TRUE(
      vmm_.Command(Request::kAddMemReg, second, {guest_.ram().fd()}).ok());
  EXPECT_THAT(device_.TakeLog(), IsEmpty());
  device_.Complete(2);
  EXPECT_EQ(vmm_.WaitForUsed(2, 1).at(0).bytes, Bytes{1});
}

TEST_F(ForeignMemoryTest, ATableThatOnlyGrowsDoesNotEither) {
  Start();
  ASSERT_TRUE(SetTable({Region(0)}).ok());
  device_.TakeLog();
  ASSERT_TRUE(SetTable({Region(0), Region(1)}).ok());
  EXPECT_THAT(device_.TakeLog(), IsEmpty());
  ExpectEcho(2, {1});
}

TEST_F(ForeignMemoryTest, ATableThatLosesARegionStopsThemForAMoment) {
  Start();
  device_.hold = true;
  vmm_.Send(2, {.readable = {{1}}, .writable = {1}});
  vmm_.Send(2, {.readable = {{2}}, .writable = {1}});
  Pump();
  device_.CompleteOne(2, 1);
  ASSERT_TRUE(SetTable({Region(0)}).ok());
  EXPECT_THAT(device_.TakeLog(),
              ElementsAre("stop 0", "stop 1", "stop 2", "stop 3", "start 0",
                          "start 1", "start 2", "start 3"));
  device_.Complete(2);
  const std::vector<UsedChain> used = vmm_.WaitForUsed(2, 2);
  EXPECT_EQ(used.at(0).bytes, Bytes{2});
  EXPECT_EQ(used.at(1).bytes, Bytes{1});
}

TEST_F(ForeignMemoryTest, ATableWithoutTheRingsStopsThemUntilItIsBack) {
  Start();
  ASSERT_TRUE(SetTable({Region(1)}).ok());
  EXPECT_FALSE(device_.Running(0));
  ASSERT_TRUE(SetTable({Region(1), Region(0)}).ok());
  ExpectEcho(0, {1});
}

TEST_F(ForeignMemoryTest, ATableThatIsRefusedLeavesTheOldOne) {
  Start();
  EXPECT_TRUE(absl::IsAborted(SetTable({Region(0), Region(0)})));
  MemoryRegion beyond = Region(1);
  beyond.file_offset += 4096;
  EXPECT_TRUE(absl::IsAborted(SetTable({Region(0), beyond})));
  EXPECT_THAT(device_.TakeLog(), IsEmpty());
  ExpectEcho(2, {1});
}

TEST_F(ForeignMemoryTest, TheSameTableAgainMapsNothingTwice) {
  Start();
  const int fds = OpenFds();
  const int mappings = Mappings();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(SetTable({Region(0), Region(1)}).ok());
  }
  EXPECT_EQ(OpenFds(), fds);
  EXPECT_LE(Mappings(), mappings);
}

TEST_F(ForeignMemoryTest, TakesAsManySlotsAsItSaysAndNoMore) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const uint64_t slots = *vmm_.GetU64(Request::kGetMaxMemSlots);
  EXPECT_GE(slots, 32u);
  for (uint64_t i = 0; i <= slots; ++i) {
    const MemoryRegion region = {i << 20, 4096, i << 30, i * 4096};
    const absl::Status added =
        vmm_.Command(Request::kAddMemReg, Encode(SingleMemoryRegion{0, region}),
                     {guest_.ram().fd()});
    EXPECT_EQ(added.ok(), i < slots) << i;
  }
}

TEST_F(ForeignMemoryTest, ADeviceThatIsPluggedInAgainTellsItsMemoryAgain) {
  Start();
  ExpectEcho(0, {1});
  // The connection stays, as QEMU's chardev does.
  ASSERT_TRUE(vmm_.Stop().ok());
  ASSERT_TRUE(vmm_.Command(Request::kSetOwner, {}).ok());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(vmm_.Command(Request::kAddMemReg,
                             Encode(SingleMemoryRegion{0, Region(i)}),
                             {guest_.ram().fd()})
                    .ok());
  }
  ASSERT_TRUE(vmm_.Start().ok());
  ExpectEcho(2, {2});
}

// --- Memory that is gone ---

TEST_F(ForeignMemoryTest, TruncatedRingsEndTheConnectionAndNothingElse) {
  for (int i = 0; i < 3; ++i) {
    FakeGuest guest({});
    FakeFrontend vmm(&guest, Options());
    ASSERT_TRUE(vmm.Connect().ok());
    ASSERT_TRUE(vmm.Start().ok());
    vmm.Send(2, {.readable = {{1}}, .writable = {1}});
    ASSERT_EQ(vmm.WaitForUsed(2, 1).size(), 1u);
    // The guest does not look at its memory any more.
    ASSERT_EQ(ftruncate(guest.ram().fd(), 0), 0);
    vmm.KickAnyway(2);
    EXPECT_TRUE(vmm.WaitForClose());
    EXPECT_EQ(backend_->stats().protocol_errors, i + 1);
    for (int queue = 0; queue < FakeDevice::kQueues; ++queue) {
      EXPECT_FALSE(device_.Running(queue));
    }
  }
  Start();
  ExpectEcho(2, {1});
}

TEST_F(ForeignMemoryTest, TruncatedPayloadDoesSoWhenItIsRead) {
  FakeGuest guest({});
  FakeFrontend vmm(&guest, Options());
  ASSERT_TRUE(vmm.Connect().ok());
  ASSERT_TRUE(vmm.Start().ok());
  device_.hold = true;
  vmm.Send(2, {.readable = {Bytes(100, 7)}, .writable = {100}});
  Pump();
  Pump();
  ASSERT_EQ(device_.held[2].size(), 1u);
  ASSERT_EQ(ftruncate(guest.ram().fd(), 0), 0);
  // On the device's own time, not at a message or a kick.
  device_.hold = false;
  device_.Complete(2);
  backend_->Poll();
  EXPECT_FALSE(backend_->connected());
  EXPECT_TRUE(vmm.WaitForClose());
}

TEST_F(ForeignMemoryTest, ARingThatTheDriverBreaksIsToldToTheVmmOnce) {
  Start();
  const UniqueFd error(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ASSERT_TRUE(
      vmm_.Command(Request::kSetVringErr, Encode(uint64_t{2}), {error.get()})
          .ok());
  guest_.ring(2).SetAvailIndex(1000);
  for (int i = 0; i < 3; ++i) {
    vmm_.KickAnyway(2);
    Pump();
  }
  eventfd_t count = 0;
  EXPECT_EQ(eventfd_read(error.get(), &count), 0);
  EXPECT_EQ(count, 1u);
  ExpectEcho(0, {1});
}

}  // namespace
}  // namespace earshot::vhost_user
