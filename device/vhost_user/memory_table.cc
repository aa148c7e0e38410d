#include "device/vhost_user/memory_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "device/vhost_user/payload.h"

namespace earshot::vhost_user {

absl::StatusOr<MemoryTable> MemoryTable::Of(std::vector<Region> regions) {
  if (regions.size() > kMaxRegions) {
    return absl::ResourceExhaustedError("too many memory regions");
  }
  std::vector<GuestMemory::Region> views;
  for (const Region& region : regions) views.push_back(region->view());
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(std::move(views));
  if (!memory.ok()) return memory.status();
  MemoryTable table;
  table.regions_ = std::move(regions);
  table.memory_ = *std::move(memory);
  return table;
}

absl::StatusOr<MemoryTable::Region> MemoryTable::Map(const MemoryRegion& region,
                                                     int fd) const {
  for (const Region& mapped : regions_) {
    if (mapped->IsOf(region, fd)) return mapped;
  }
  absl::StatusOr<MappedRegion> mapped = MappedRegion::Map(region, fd);
  if (!mapped.ok()) return mapped.status();
  return std::make_shared<const MappedRegion>(*std::move(mapped));
}

absl::StatusOr<MemoryTable> MemoryTable::Replace(const Message& message) const {
  absl::StatusOr<MemoryTableHeader> header =
      BeginningAs<MemoryTableHeader>(message);
  if (!header.ok()) return header.status();
  if (header->region_count > message.fds.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%u regions with %u file descriptors",
                        header->region_count, message.fds.size()));
  }
  // Some VMMs send the whole table, whatever it holds.
  if (message.payload.size() <
      sizeof(*header) + header->region_count * sizeof(MemoryRegion)) {
    return absl::InvalidArgumentError("too short for its regions");
  }
  std::vector<Region> regions;
  for (size_t i = 0; i < header->region_count; ++i) {
    MemoryRegion region;
    std::memcpy(&region,
                message.payload.data() + sizeof(*header) + i * sizeof(region),
                sizeof(region));
    absl::StatusOr<Region> mapped = Map(region, message.fds[i].get());
    if (!mapped.ok()) return mapped.status();
    regions.push_back(*std::move(mapped));
  }
  return Of(std::move(regions));
}

absl::StatusOr<MemoryTable> MemoryTable::Add(const Message& message) const {
  absl::StatusOr<SingleMemoryRegion> single = As<SingleMemoryRegion>(message);
  if (!single.ok()) return single.status();
  if (message.fds.empty()) return absl::InvalidArgumentError("no fd");
  if (regions_.size() >= kMaxRegions) {
    return absl::ResourceExhaustedError("too many memory regions");
  }
  absl::StatusOr<Region> mapped =
      Map(single->region, message.fds.front().get());
  if (!mapped.ok()) return mapped.status();
  std::vector<Region> regions = regions_;
  regions.push_back(*std::move(mapped));
  return Of(std::move(regions));
}

absl::StatusOr<MemoryTable> MemoryTable::Remove(const Message& message) const {
  absl::StatusOr<SingleMemoryRegion> single = As<SingleMemoryRegion>(message);
  if (!single.ok()) return single.status();
  const MemoryRegion& wanted = single->region;
  std::vector<Region> regions = regions_;
  auto found =
      std::find_if(regions.begin(), regions.end(), [&](const Region& region) {
        return region->view().guest_address == wanted.guest_address &&
               region->view().user_address == wanted.user_address &&
               region->view().size == wanted.size;
      });
  if (found == regions.end()) {
    return absl::NotFoundError("no such memory region");
  }
  regions.erase(found);
  return Of(std::move(regions));
}

absl::Status MemoryTable::Check() const {
  for (const Region& region : regions_) {
    if (!region->lost()) continue;
    return absl::DataLossError(absl::StrFormat(
        "the VMM has truncated the guest's memory at 0x%x, size 0x%x",
        region->view().guest_address, region->view().size));
  }
  return absl::OkStatus();
}

bool MemoryTable::Keeps(const MemoryTable& other) const {
  return std::all_of(other.regions_.begin(), other.regions_.end(),
                     [this](const Region& region) {
                       return std::find(regions_.begin(), regions_.end(),
                                        region) != regions_.end();
                     });
}

}  // namespace earshot::vhost_user
