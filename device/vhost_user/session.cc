#include "device/vhost_user/session.h"

#include <spdlog/spdlog.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "device/vhost_user/inflight_buffer.h"
#include "device/vhost_user/payload.h"
#include "device/virtio/features.h"

namespace earshot::vhost_user {
namespace {

constexpr uint64_t kTransportFeatures =
    kFeatureIndirect | kFeatureEventIdx | kFeatureVersion1;
// What is listed here works.
constexpr uint64_t kProtocolFeatures =
    kProtocolMq | kProtocolReplyAck | kProtocolConfig | kProtocolInflightShmFd |
    kProtocolResetDevice | kProtocolConfigureMemSlots;

// Runs handler(the payload as a T).
template <typename T, typename Handler>
absl::Status With(const Message& message, Handler handler) {
  absl::StatusOr<T> value = As<T>(message);
  if (!value.ok()) return value.status();
  return handler(*value);
}

Answer U64(uint64_t value) { return {PayloadOf(value), UniqueFd()}; }

}  // namespace

Session::Session(VirtioDevice* device, WatchKick watch_kick, MonotonicTime now)
    : device_(device), rings_(device, &memory_, std::move(watch_kick)) {
  device_->Reset(now);
}

void Session::Close(MonotonicTime now) {
  rings_.Clear(now);
  memory_ = GuestMemory();
  table_ = MemoryTable();
}

absl::Status Session::Check() {
  rings_.ReportBroken();
  if (absl::Status ok = table_.Check(); !ok.ok()) return ok;
  return rings_.CheckMemory();
}

// --- Messages ---

absl::Span<const Session::Known> Session::KnownRequests() {
  using S = Session&;
  using M = Message&;
  using Now = MonotonicTime;
  using absl::Status;
  static const Known kKnown[] = {
      {.request = Request::kGetFeatures,
       .name = "GET_FEATURES",
       .ask = [](S s, M, Now) -> Reply { return U64(s.OfferedFeatures()); }},
      {.request = Request::kSetFeatures,
       .name = "SET_FEATURES",
       .set =
           [](S s, M message, Now now) {
             return With<uint64_t>(message, [&](uint64_t features) {
               return s.SetFeatures(features, now);
             });
           }},
      {.request = Request::kSetOwner,
       .name = "SET_OWNER",
       .set = [](S s, M, Now now) { return s.SetOwner(now); }},
      {.request = Request::kResetOwner,
       .name = "RESET_OWNER",
       // Deprecated; "it is recommended that back-ends ignore this message".
       .set = [](S, M, Now) { return absl::OkStatus(); }},
      {.request = Request::kSetMemTable,
       .name = "SET_MEM_TABLE",
       .set =
           [](S s, M message, Now now) {
             return s.UseMemory(s.table_.Replace(message), now);
           }},
      {.request = Request::kSetVringNum,
       .name = "SET_VRING_NUM",
       .set =
           [](S s, M message, Now now) {
             return With<VringState>(message, [&](const VringState& state) {
               return s.rings_.SetNum(state, now);
             });
           }},
      {.request = Request::kSetVringAddr,
       .name = "SET_VRING_ADDR",
       .set =
           [](S s, M message, Now now) {
             return With<VringAddress>(message, [&](const VringAddress& at) {
               return s.rings_.SetAddress(at, now);
             });
           }},
      {.request = Request::kSetVringBase,
       .name = "SET_VRING_BASE",
       .set =
           [](S s, M message, Now now) {
             return With<VringState>(message, [&](const VringState& state) {
               return s.rings_.SetBase(state, now);
             });
           }},
      {.request = Request::kGetVringBase,
       .name = "GET_VRING_BASE",
       .ask = [](S s, M message, Now now) -> Reply {
         absl::StatusOr<VringState> state = As<VringState>(message);
         if (state.ok()) state = s.rings_.GetBase(*state, now);
         if (!state.ok()) return state.status();
         return Answer{PayloadOf(*state), UniqueFd()};
       }},
      {.request = Request::kSetVringKick,
       .name = "SET_VRING_KICK",
       .set = [](S s, M message,
                 Now now) { return s.rings_.SetKick(message, now); }},
      {.request = Request::kSetVringCall,
       .name = "SET_VRING_CALL",
       .set = [](S s, M message, Now) { return s.rings_.SetCall(message); }},
      {.request = Request::kSetVringErr,
       .name = "SET_VRING_ERR",
       .set = [](S s, M message, Now) { return s.rings_.SetErr(message); }},
      {.request = Request::kGetProtocolFeatures,
       .name = "GET_PROTOCOL_FEATURES",
       .ask = [](S, M, Now) -> Reply { return U64(kProtocolFeatures); }},
      {.request = Request::kSetProtocolFeatures,
       .name = "SET_PROTOCOL_FEATURES",
       // What matters of them shows in the messages that follow.
       .set =
           [](S, M message, Now) {
             return With<uint64_t>(message, [](uint64_t features) -> Status {
               if ((features & ~kProtocolFeatures) == 0) {
                 return absl::OkStatus();
               }
               return absl::InvalidArgumentError(
                   absl::StrFormat("protocol features 0x%x were not offered",
                                   features & ~kProtocolFeatures));
             });
           }},
      {.request = Request::kGetQueueNum,
       .name = "GET_QUEUE_NUM",
       .ask = [](S s, M, Now) -> Reply { return U64(s.rings_.size()); }},
      {.request = Request::kSetVringEnable,
       .name = "SET_VRING_ENABLE",
       .set =
           [](S s, M message, Now now) {
             return With<VringState>(message, [&](const VringState& state) {
               return s.rings_.SetEnable(state, now);
             });
           }},
      {.request = Request::kSetBackendReqFd,
       .name = "SET_BACKEND_REQ_FD",
       // Kept open: some VMMs take its end for a crash.
       .set = [](S s, M message, Now) -> Status {
         if (message.fds.empty()) return absl::InvalidArgumentError("no fd");
         s.backend_requests_ = std::move(message.fds.front());
         return absl::OkStatus();
       }},
      {.request = Request::kGetConfig,
       .name = "GET_CONFIG",
       .ask = [](S s, M message, Now) { return s.GetConfig(message); }},
      {.request = Request::kSetConfig,
       .name = "SET_CONFIG",
       .set = [](S, M, Now) -> Status {
         return absl::PermissionDeniedError(
             "nothing in the configuration can be written");
       }},
      {.request = Request::kGetInflightFd,
       .name = "GET_INFLIGHT_FD",
       .ask = [](S s, M message, Now) { return s.GetInflightFd(message); }},
      {.request = Request::kSetInflightFd,
       .name = "SET_INFLIGHT_FD",
       .set = [](S s, M message,
                 Now now) { return s.SetInflightFd(message, now); }},
      {.request = Request::kResetDevice,
       .name = "RESET_DEVICE",
       .set = [](S s, M, Now now) -> Status {
         s.rings_.DisableAndReset(now);
         return absl::OkStatus();
       }},
      {.request = Request::kGetMaxMemSlots,
       .name = "GET_MAX_MEM_SLOTS",
       .ask = [](S, M, Now) -> Reply { return U64(MemoryTable::kMaxRegions); }},
      {.request = Request::kAddMemReg,
       .name = "ADD_MEM_REG",
       .set = [](S s, M message,
                 Now now) { return s.UseMemory(s.table_.Add(message), now); }},
      {.request = Request::kRemMemReg,
       .name = "REM_MEM_REG",
       .set =
           [](S s, M message, Now now) {
             return s.UseMemory(s.table_.Remove(message), now);
           }},
  };
  return kKnown;
}

const Session::Known* Session::Find(uint32_t request) {
  for (const Known& known : KnownRequests()) {
    if (static_cast<uint32_t>(known.request) == request) return &known;
  }
  return nullptr;
}

absl::StatusOr<std::optional<Answer>> Session::Handle(Message message,
                                                      MonotonicTime now) {
  const Known* known = Find(message.header.request);
  if (known != nullptr && known->ask != nullptr) {
    Reply reply = known->ask(*this, message, now);
    if (reply.ok()) return std::optional<Answer>(*std::move(reply));
    return absl::Status(
        reply.status().code(),
        absl::StrCat(known->name, ": ", reply.status().message()));
  }
  const absl::Status done = known != nullptr
                                ? known->set(*this, message, now)
                                : absl::UnimplementedError("unknown request");
  if (!done.ok()) {
    spdlog::warn("vhost-user request refused request={} name={} reason=\"{}\"",
                 message.header.request, known != nullptr ? known->name : "?",
                 std::string(done.message()));
  }
  if (!(message.header.flags & kNeedReplyFlag)) return std::optional<Answer>();
  return std::optional<Answer>(U64(done.ok() ? 0 : 1));
}

// --- Features and configuration ---

uint64_t Session::OfferedFeatures() const {
  return (device_->device_features() & kDeviceFeatureMask) |
         kTransportFeatures | kFeatureProtocolFeatures;
}

// "Issued when a new connection is established": also by a device that is
// plugged in anew behind a connection that stays, which then tells of its
// memory and rings again and finds nothing of the last one's.
absl::Status Session::SetOwner(MonotonicTime now) {
  Close(now);
  return absl::OkStatus();
}

absl::Status Session::SetFeatures(uint64_t features, MonotonicTime now) {
  const uint64_t surplus = features & ~OfferedFeatures();
  features &= OfferedFeatures();
  // Rings run without being enabled for a VMM that cannot enable them.
  rings_.SetFeatures(features, !(features & kFeatureProtocolFeatures), now);
  if (surplus == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("features 0x%x were not offered", surplus));
}

Session::Reply Session::GetConfig(const Message& message) const {
  absl::StatusOr<ConfigHeader> header = BeginningAs<ConfigHeader>(message);
  if (!header.ok()) return header.status();
  // An empty reply means failure.
  if (header->size > kMaxConfigSize) return Answer();
  Answer answer;
  answer.payload.resize(sizeof(*header) + header->size);
  std::memcpy(answer.payload.data(), &*header, sizeof(*header));
  device_->ReadConfig(header->offset,
                      absl::MakeSpan(answer.payload).subspan(sizeof(*header)));
  return answer;
}

// --- Memory ---

absl::Status Session::UseMemory(absl::StatusOr<MemoryTable> next,
                                MonotonicTime now) {
  if (!next.ok()) return next.status();
  // Memory that only grows does not disturb what runs in it. Else nothing may
  // point into the old one when it is unmapped.
  if (!next->Keeps(table_)) rings_.Stop(now);
  memory_ = next->memory();
  table_ = *std::move(next);
  rings_.Start(now);
  return absl::OkStatus();
}

Session::Reply Session::GetInflightFd(const Message& message) const {
  absl::StatusOr<Inflight> wanted = As<Inflight>(message);
  if (!wanted.ok()) return wanted.status();
  absl::StatusOr<InflightBuffer::File> file =
      InflightBuffer::NewFile(*wanted, rings_.size());
  if (!file.ok()) {
    spdlog::warn(
        "vhost-user request refused name=GET_INFLIGHT_FD reason=\"{}\"",
        std::string(file.status().message()));
    return Answer{PayloadOf(Inflight{}), UniqueFd()};  // of no bytes
  }
  return Answer{PayloadOf(file->description), std::move(file->fd)};
}

absl::Status Session::SetInflightFd(const Message& message, MonotonicTime now) {
  absl::StatusOr<Inflight> description = As<Inflight>(message);
  if (!description.ok()) return description.status();
  if (message.fds.empty()) return absl::InvalidArgumentError("no fd");
  absl::StatusOr<InflightBuffer> buffer =
      InflightBuffer::Map(*description, message.fds.front().get());
  if (!buffer.ok()) return buffer.status();
  rings_.SetInflight(*std::move(buffer), now);
  return absl::OkStatus();
}

}  // namespace earshot::vhost_user
