#ifndef EARSHOT_DEVICE_SOUND_VIRTIO_SND_H_
#define EARSHOT_DEVICE_SOUND_VIRTIO_SND_H_

#include <bit>
#include <cstdint>

namespace earshot {

// What virtio-sound puts on the wire (virtio 1.2 to 1.4, 5.14). Integers are
// little-endian, as on every host that this is built for.

static_assert(std::endian::native == std::endian::little);

// 5.14.2
enum SndQueue : int {
  kSndControlQueue = 0,
  kSndEventQueue = 1,
  kSndTxQueue = 2,
  kSndRxQueue = 3,
  kSndQueueCount = 4,
};

// 5.14.4. `controls` exists only with VIRTIO_SND_F_CTLS; without it, it reads
// as 0 here.
struct SndConfig {
  uint32_t jacks;
  uint32_t streams;
  uint32_t chmaps;
  uint32_t controls;
};
static_assert(sizeof(SndConfig) == 16);

// 5.14.3 (virtio 1.3): VIRTIO_SND_F_CTLS, bit 0.
inline constexpr uint64_t kSndFeatureCtls = uint64_t{1} << 0;

// 5.14.6: request codes.
enum SndCode : uint32_t {
  kSndJackInfo = 0x0001,
  kSndJackRemap = 0x0002,
  kSndPcmInfo = 0x0100,
  kSndPcmSetParams = 0x0101,
  kSndPcmPrepare = 0x0102,
  kSndPcmRelease = 0x0103,
  kSndPcmStart = 0x0104,
  kSndPcmStop = 0x0105,
  kSndChmapInfo = 0x0200,
  kSndCtlInfo = 0x0300,
  kSndCtlEnumItems = 0x0301,
  kSndCtlRead = 0x0302,
  kSndCtlWrite = 0x0303,
  kSndCtlTlvRead = 0x0304,
  kSndCtlTlvWrite = 0x0305,
  kSndCtlTlvCommand = 0x0306,
};

// 5.14.6: what a request is answered with.
enum class SndStatus : uint32_t {
  kOk = 0x8000,
  kBadMsg = 0x8001,   // malformed, or not allowed in this state
  kNotSupp = 0x8002,  // the operation or a parameter is not offered
  kIoErr = 0x8003,
};

enum SndDirection : uint8_t { kSndOutput = 0, kSndInput = 1 };

struct SndHeader {
  uint32_t code;  // a SndCode in requests, a SndStatus in answers
};
static_assert(sizeof(SndHeader) == 4);

// 5.14.6.1: asks for items [start_id, start_id + count), each of `size` bytes.
struct SndQueryInfo {
  SndHeader header;
  uint32_t start_id;
  uint32_t count;
  uint32_t size;
};
static_assert(sizeof(SndQueryInfo) == 16);

// 5.14.6.4.1
struct SndJackInfo {
  uint32_t hda_fn_nid;
  uint32_t features;
  uint32_t hda_reg_defconf;
  uint32_t hda_reg_caps;
  uint8_t connected;
  uint8_t padding[7];
};
static_assert(sizeof(SndJackInfo) == 24);

// 5.14.6.4.2. VIRTIO_SND_JACK_F_REMAP is not offered, so it is refused.
struct SndJackRemap {
  SndHeader header;
  uint32_t jack_id;
  uint32_t association;
  uint32_t sequence;
};
static_assert(sizeof(SndJackRemap) == 16);

// 5.14.6.6.2: `features`, `formats` and `rates` are bit sets.
struct SndPcmInfo {
  uint32_t hda_fn_nid;
  uint32_t features;
  uint64_t formats;
  uint64_t rates;
  uint8_t direction;
  uint8_t channels_min;
  uint8_t channels_max;
  uint8_t padding[5];
};
static_assert(sizeof(SndPcmInfo) == 32);

// 5.14.6.6.2: bits of SndPcmInfo::features and SndPcmSetParams::features.
enum SndPcmFeature : uint32_t {
  kSndPcmShmemHost = 1u << 0,
  kSndPcmShmemGuest = 1u << 1,
  kSndPcmMsgPolling = 1u << 2,
  kSndPcmEvtShmemPeriods = 1u << 3,
  kSndPcmEvtXruns = 1u << 4,
};

// 5.14.6.6.2: bits of SndPcmInfo::formats, values of SndPcmSetParams::format.
// The number behind the sign is how many bits count, "_3" that a sample has 3
// bytes; the others have 1, 2 or 4. What is coded (ADPCM, µ-law, A-law), DSD
// and IEC 958 are left out.
enum SndFormat : uint8_t {
  kSndFormatS8 = 3,
  kSndFormatU8 = 4,
  kSndFormatS16 = 5,
  kSndFormatU16 = 6,
  kSndFormatS18In3 = 7,
  kSndFormatU18In3 = 8,
  kSndFormatS20In3 = 9,
  kSndFormatU20In3 = 10,
  kSndFormatS24In3 = 11,
  kSndFormatU24In3 = 12,
  kSndFormatS20 = 13,
  kSndFormatU20 = 14,
  kSndFormatS24 = 15,
  kSndFormatU24 = 16,
  kSndFormatS32 = 17,
  kSndFormatU32 = 18,
  kSndFormatFloat = 19,
  kSndFormatFloat64 = 20,
};

// The same for rates. The last two exist since virtio 1.4.
enum SndRate : uint8_t {
  kSndRate5512 = 0,
  kSndRate8000 = 1,
  kSndRate11025 = 2,
  kSndRate16000 = 3,
  kSndRate22050 = 4,
  kSndRate32000 = 5,
  kSndRate44100 = 6,
  kSndRate48000 = 7,
  kSndRate64000 = 8,
  kSndRate88200 = 9,
  kSndRate96000 = 10,
  kSndRate176400 = 11,
  kSndRate192000 = 12,
  kSndRate384000 = 13,
  kSndRate12000 = 14,
  kSndRate24000 = 15,
};

// 5.14.6.6.1
struct SndPcmHeader {
  SndHeader header;
  uint32_t stream_id;
};
static_assert(sizeof(SndPcmHeader) == 8);

// 5.14.6.6.3
struct SndPcmSetParams {
  SndPcmHeader header;
  uint32_t buffer_bytes;
  uint32_t period_bytes;
  uint32_t features;
  uint8_t channels;
  uint8_t format;
  uint8_t rate;
  uint8_t padding;
};
static_assert(sizeof(SndPcmSetParams) == 24);

// 5.14.6.8: leads a buffer of the TX and RX queues.
struct SndPcmXfer {
  uint32_t stream_id;
};
static_assert(sizeof(SndPcmXfer) == 4);

// 5.14.6.8: ends it. `status` is OK or IO_ERR, nothing else.
struct SndPcmStatus {
  uint32_t status;
  uint32_t latency_bytes;
};
static_assert(sizeof(SndPcmStatus) == 8);

// 5.14.6.9.1
inline constexpr int kSndChmapMaxChannels = 18;
struct SndChmapInfo {
  uint32_t hda_fn_nid;
  uint8_t direction;
  uint8_t channels;
  uint8_t positions[kSndChmapMaxChannels];
};
static_assert(sizeof(SndChmapInfo) == 24);

enum SndChannelPosition : uint8_t {
  kSndMono = 2,
  kSndFrontLeft = 3,
  kSndFrontRight = 4,
  kSndRearLeft = 5,
  kSndRearRight = 6,
  kSndFrontCenter = 7,
  kSndLowFrequency = 8,
  kSndSideLeft = 9,
  kSndSideRight = 10,
  kSndRearCenter = 11,
};

// 5.14.6.10: leads requests of a control element.
struct SndCtlHeader {
  SndHeader header;
  uint32_t control_id;
};
static_assert(sizeof(SndCtlHeader) == 8);

// 5.14.6.10.1
enum SndCtlRoleKind : uint32_t { kSndCtlVolume = 1, kSndCtlMute = 2 };
constexpr uint32_t SndCtlRole(SndCtlRoleKind kind, SndDirection direction) {
  return static_cast<uint32_t>(kind) << 1 | direction;
}
enum SndCtlType : uint32_t { kSndCtlBoolean = 0, kSndCtlInteger = 1 };
enum SndCtlAccess : uint32_t {
  kSndCtlAccessRead = 1u << 0,
  kSndCtlAccessWrite = 1u << 1,
  kSndCtlAccessTlvRead = 1u << 4,
};

// 5.14.6.10.1, with the padding that compilers put before the 64-bit numbers
// of the union (of which `integer` is the member that is used here).
struct SndCtlInfo {
  uint32_t hda_fn_nid;
  uint32_t role;
  uint32_t type;
  uint32_t access;
  uint32_t count;
  uint32_t index;
  char name[44];
  uint8_t padding[4];
  struct {
    int32_t min;
    int32_t max;
    int32_t step;
  } integer;
  uint8_t rest[12];
};
static_assert(sizeof(SndCtlInfo) == 96);

// 5.14.6.10.2: a union of 512 bytes; integers and booleans are this.
struct SndCtlValue {
  uint32_t integer[128];
};
static_assert(sizeof(SndCtlValue) == 512);

// 5.14.6.10.3: leads metadata.
struct SndCtlTlv {
  uint32_t type;
  uint32_t length;  // bytes that follow
};
static_assert(sizeof(SndCtlTlv) == 8);

// 5.14.6: codes of events.
enum SndEventCode : uint32_t {
  kSndEvtJackConnected = 0x1000,     // 5.14.6.5: `data` is the jack's id
  kSndEvtJackDisconnected = 0x1001,  // the same
  kSndEvtPcmPeriodElapsed = 0x1100,  // 5.14.6.7: `data` is the stream's id
  kSndEvtPcmXrun = 0x1101,           // the same
  kSndEvtCtlNotify = 0x1200,         // 5.14.6.10: the control's id | mask << 16
};

// 5.14.6.10: what a kSndEvtCtlNotify is about.
enum SndCtlEventMask : uint16_t {
  kSndCtlEventValue = 1u << 0,
  kSndCtlEventInfo = 1u << 1,
  kSndCtlEventTlv = 1u << 2,
};

// 5.14.6
struct SndEvent {
  uint32_t code;
  uint32_t data;
};
static_assert(sizeof(SndEvent) == 8);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_VIRTIO_SND_H_
