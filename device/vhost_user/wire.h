#ifndef EARSHOT_DEVICE_VHOST_USER_WIRE_H_
#define EARSHOT_DEVICE_VHOST_USER_WIRE_H_

#include <cstddef>
#include <cstdint>

namespace earshot::vhost_user {

// The messages of the vhost-user protocol, as QEMU's docs/interop/vhost-user
// defines them, in the host's byte order.

enum class Request : uint32_t {
  kGetFeatures = 1,
  kSetFeatures = 2,
  kSetOwner = 3,
  kResetOwner = 4,
  kSetMemTable = 5,
  kSetVringNum = 8,
  kSetVringAddr = 9,
  kSetVringBase = 10,
  kGetVringBase = 11,
  kSetVringKick = 12,
  kSetVringCall = 13,
  kSetVringErr = 14,
  kGetProtocolFeatures = 15,
  kSetProtocolFeatures = 16,
  kGetQueueNum = 17,
  kSetVringEnable = 18,
  kSetBackendReqFd = 21,
  kGetConfig = 24,
  kSetConfig = 25,
  kGetInflightFd = 31,
  kSetInflightFd = 32,
  kResetDevice = 34,
  kGetMaxMemSlots = 36,
  kAddMemReg = 37,
  kRemMemReg = 38,
};

struct Header {
  uint32_t request = 0;
  uint32_t flags = 0;
  uint32_t size = 0;  // of the payload, in bytes
};
static_assert(sizeof(Header) == 12);

constexpr uint32_t kVersionMask = 0x3;
constexpr uint32_t kVersion = 0x1;
constexpr uint32_t kReplyFlag = 0x4;
constexpr uint32_t kNeedReplyFlag = 0x8;

// No message that we know has more than 300 bytes; what is longer is garbage.
constexpr uint32_t kMaxPayloadSize = 4096;
// As many as a message may carry: a table's regions.
constexpr int kMaxFds = 8;

// Bit of SET_FEATURES that switches protocol features on, which the driver
// never sees.
constexpr uint64_t kFeatureProtocolFeatures = uint64_t{1} << 30;

// Bits of SET_PROTOCOL_FEATURES.
constexpr uint64_t kProtocolMq = uint64_t{1} << 0;
constexpr uint64_t kProtocolReplyAck = uint64_t{1} << 3;
constexpr uint64_t kProtocolConfig = uint64_t{1} << 9;
constexpr uint64_t kProtocolInflightShmFd = uint64_t{1} << 12;
constexpr uint64_t kProtocolResetDevice = uint64_t{1} << 13;
constexpr uint64_t kProtocolConfigureMemSlots = uint64_t{1} << 15;

struct VringState {
  uint32_t index = 0;
  uint32_t num = 0;
};
static_assert(sizeof(VringState) == 8);

struct VringAddress {
  uint32_t index = 0;
  uint32_t flags = 0;
  uint64_t descriptor_table = 0;  // addresses in the VMM
  uint64_t used_ring = 0;
  uint64_t avail_ring = 0;
  uint64_t log = 0;
};
static_assert(sizeof(VringAddress) == 40);

// The u64 of KICK, CALL and ERR: the ring, and whether no fd comes with it.
constexpr uint64_t kVringIndexMask = 0xff;
constexpr uint64_t kVringNoFd = 0x100;

struct MemoryRegion {
  uint64_t guest_address = 0;
  uint64_t size = 0;
  uint64_t user_address = 0;
  uint64_t file_offset = 0;
};
static_assert(sizeof(MemoryRegion) == 32);

// SET_MEM_TABLE: this, and then the regions.
struct MemoryTableHeader {
  uint32_t region_count = 0;
  uint32_t padding = 0;
};
static_assert(sizeof(MemoryTableHeader) == 8);

// ADD_MEM_REG and REM_MEM_REG.
struct SingleMemoryRegion {
  uint64_t padding = 0;
  MemoryRegion region;
};
static_assert(sizeof(SingleMemoryRegion) == 40);

// GET_INFLIGHT_FD, its reply, and SET_INFLIGHT_FD.
struct Inflight {
  uint64_t size = 0;    // bytes
  uint64_t offset = 0;  // in the file
  uint16_t queue_count = 0;
  uint16_t queue_size = 0;  // entries
  uint32_t padding = 0;     // of the C structure
};
static_assert(sizeof(Inflight) == 24);

// GET_CONFIG and SET_CONFIG: this, and then `size` bytes.
struct ConfigHeader {
  uint32_t offset = 0;
  uint32_t size = 0;
  uint32_t flags = 0;
};
static_assert(sizeof(ConfigHeader) == 12);

constexpr uint32_t kMaxConfigSize = 256;

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_WIRE_H_
