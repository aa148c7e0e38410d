#include "device/virtio/fake_ram.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace earshot {
namespace {

constexpr uint64_t kGuestBase = 0x100000;
constexpr uint64_t kUserBase = 0x7f0000000000;
// Between the regions is a hole, as below 4 GiB on a PC.
constexpr uint64_t kRegionStride = uint64_t{1} << 32;
// Around each region nothing is mapped, so whoever leaves it crashes.
constexpr size_t kGuard = 64 << 10;  // bytes

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "FakeRam: %s\n", what);
  std::abort();
}

}  // namespace

FakeRam::FakeRam(int region_count, size_t region_size)
    : region_count_(region_count), region_size_(region_size) {
  const size_t total = region_count * region_size;
  fd_ = memfd_create("fake_ram", MFD_CLOEXEC);
  Require(fd_ >= 0 && ftruncate(fd_, total) == 0, "no memfd");
  void* reserved = mmap(nullptr, MappedSize(), PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  Require(reserved != MAP_FAILED, "no addresses");
  host_ = static_cast<uint8_t*>(reserved);
  for (int i = 0; i < region_count; ++i) {
    uint8_t* host = host_ + kGuard + i * (region_size + kGuard);
    Require(mmap(host, region_size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, fd_, i * region_size) == host,
            "not mapped");
    regions_.push_back({.guest_address = kGuestBase + i * kRegionStride,
                        .size = region_size,
                        .user_address = kUserBase + i * 2 * kRegionStride,
                        .host = host});
  }
}

size_t FakeRam::MappedSize() const {
  return kGuard + region_count_ * (region_size_ + kGuard);
}

FakeRam::~FakeRam() {
  munmap(host_, MappedSize());
  close(fd_);
}

GuestMemory FakeRam::memory() const {
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(regions_);
  Require(memory.ok(), "bad regions");
  return *std::move(memory);
}

uint64_t FakeRam::Allocate(size_t size, size_t alignment) {
  for (const GuestMemory::Region& region : regions_) {
    // First fit between what is used.
    uint64_t at = region.guest_address;
    auto next = used_.lower_bound(at);
    for (;; ++next) {
      at = (at + alignment - 1) / alignment * alignment;
      const uint64_t end = region.guest_address + region.size;
      const uint64_t limit =
          next == used_.end() ? end : std::min(next->first, end);
      if (at + size <= limit) {
        used_[at] = size;
        std::memset(At(at), 0, size);
        return at;
      }
      if (limit == end) break;
      at = next->first + next->second;
    }
  }
  Require(false, "out of memory");
  return 0;
}

void FakeRam::Free(uint64_t address) {
  Require(used_.erase(address) == 1, "freed what is not allocated");
}

size_t FakeRam::allocated_bytes() const {
  size_t total = 0;
  for (const auto& [address, size] : used_) total += size;
  return total;
}

uint8_t* FakeRam::At(uint64_t address) const {
  const GuestMemory::Region& region = RegionOf(address);
  return region.host + (address - region.guest_address);
}

uint64_t FakeRam::UserAddress(uint64_t address) const {
  const GuestMemory::Region& region = RegionOf(address);
  return region.user_address + (address - region.guest_address);
}

const GuestMemory::Region& FakeRam::RegionOf(uint64_t address) const {
  for (const GuestMemory::Region& region : regions_) {
    if (address - region.guest_address < region.size) return region;
  }
  Require(false, "address outside of memory");
  return regions_.front();
}

}  // namespace earshot
