#include "device/vhost_user/vmm_session.h"

#include <sys/eventfd.h>

#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace earshot::vhost_user {
namespace {

using Payload = std::vector<uint8_t>;

const std::map<std::string, Request>& Requests() {
  static const auto* const requests = new std::map<std::string, Request>{
      {"GET_FEATURES", Request::kGetFeatures},
      {"SET_FEATURES", Request::kSetFeatures},
      {"SET_OWNER", Request::kSetOwner},
      {"SET_MEM_TABLE", Request::kSetMemTable},
      {"SET_VRING_NUM", Request::kSetVringNum},
      {"SET_VRING_ADDR", Request::kSetVringAddr},
      {"SET_VRING_BASE", Request::kSetVringBase},
      {"GET_VRING_BASE", Request::kGetVringBase},
      {"SET_VRING_KICK", Request::kSetVringKick},
      {"SET_VRING_CALL", Request::kSetVringCall},
      {"SET_VRING_ERR", Request::kSetVringErr},
      {"GET_PROTOCOL_FEATURES", Request::kGetProtocolFeatures},
      {"SET_PROTOCOL_FEATURES", Request::kSetProtocolFeatures},
      {"GET_QUEUE_NUM", Request::kGetQueueNum},
      {"SET_VRING_ENABLE", Request::kSetVringEnable},
      {"SET_BACKEND_REQ_FD", Request::kSetBackendReqFd},
      {"GET_CONFIG", Request::kGetConfig},
      {"GET_INFLIGHT_FD", Request::kGetInflightFd},
      {"SET_INFLIGHT_FD", Request::kSetInflightFd},
      {"RESET_DEVICE", Request::kResetDevice},
      {"GET_MAX_MEM_SLOTS", Request::kGetMaxMemSlots},
      {"ADD_MEM_REG", Request::kAddMemReg},
  };
  return *requests;
}

template <typename T>
Payload Encode(const T& value) {
  Payload payload(sizeof(value));
  std::memcpy(payload.data(), &value, sizeof(value));
  return payload;
}

template <typename T>
absl::StatusOr<T> Decode(const absl::StatusOr<Payload>& reply) {
  T value;
  if (!reply.ok()) return reply.status();
  if (reply->size() != sizeof(value)) {
    return absl::InternalError(
        absl::StrCat("a reply of ", reply->size(), " bytes"));
  }
  std::memcpy(&value, reply->data(), sizeof(value));
  return value;
}

}  // namespace

uint64_t VmmSession::Line::Number(const std::string& word,
                                  uint64_t otherwise) const {
  auto found = words.find(word);
  if (found == words.end()) return otherwise;
  return std::strtoull(found->second.c_str(), nullptr, 0);
}

absl::StatusOr<VmmSession> VmmSession::Load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(path);
  VmmSession session;
  std::vector<Line>* phase = nullptr;
  bool in_each = false;
  int number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    text = text.substr(0, text.find('#'));
    const bool indented = !text.empty() && text[0] == ' ';
    std::vector<std::string> words =
        absl::StrSplit(text, ' ', absl::SkipWhitespace());
    if (words.empty()) continue;
    if (words[0][0] == '[') {
      phase = &session.phases_[words[0].substr(1, words[0].size() - 2)];
      in_each = false;
      continue;
    }
    if (words[0] == "each") {
      in_each = true;
      phase->push_back({.number = number, .request = "each"});
      continue;
    }
    in_each = in_each && indented;
    Line line{.number = number, .request = words[0], .each_ring = in_each};
    if (line.request.back() == '!') {
      line.request.pop_back();
      line.need_reply = true;
    }
    if (phase == nullptr ||
        (line.request != "KICK" && !Requests().contains(line.request))) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": ", text));
    }
    for (size_t i = 1; i < words.size(); ++i) {
      std::pair<std::string, std::string> word =
          absl::StrSplit(words[i], absl::MaxSplits('=', 1));
      line.words.insert(std::move(word));
    }
    phase->push_back(std::move(line));
  }
  return session;
}

void VmmSession::Use(FakeGuest* guest, FakeFrontend* frontend) {
  guest_ = guest;
  frontend_ = frontend;
  told_.assign(guest->queue_count(), 0);
}

void VmmSession::ResetDriver() {
  guest_->ResetRings(guest_->options().event_idx);
  told_.assign(guest_->queue_count(), 0);
  inflight_fd_ = UniqueFd();
}

absl::Status VmmSession::Play(const std::string& phase) {
  const std::vector<Line>& lines = phases_.at(phase);
  for (size_t i = 0; i < lines.size();) {
    if (lines[i].request != "each") {
      if (absl::Status said = Say(lines[i], 0); !said.ok()) return said;
      ++i;
      continue;
    }
    size_t end = ++i;
    while (end < lines.size() && lines[end].each_ring) ++end;
    for (int ring = 0; ring < guest_->queue_count(); ++ring) {
      for (size_t j = i; j < end; ++j) {
        if (absl::Status said = Say(lines[j], ring); !said.ok()) return said;
      }
    }
    i = end;
  }
  return absl::OkStatus();
}

absl::Status VmmSession::Say(const Line& line, int ring) {
  const absl::Status said = AskOrTell(line, ring);
  if (said.ok()) return said;
  return absl::Status(said.code(),
                      absl::StrCat("line ", line.number, ", ", line.request,
                                   ", ring ", ring, ": ", said.message()));
}

absl::StatusOr<Payload> VmmSession::Ask(const Line& line,
                                        const Payload& payload, UniqueFd* fd) {
  const auto request = static_cast<uint32_t>(Requests().at(line.request));
  absl::Status sent = frontend_->SendMessage(
      request, line.need_reply ? kNeedReplyFlag : 0, payload);
  if (!sent.ok()) return sent;
  return frontend_->ReceiveReply(request, fd);
}

absl::Status VmmSession::Tell(const Line& line, const Payload& payload,
                              const std::vector<int>& fds) {
  const Request request = Requests().at(line.request);
  if (line.need_reply) return frontend_->Command(request, payload, fds);
  return frontend_->SendMessage(static_cast<uint32_t>(request), 0, payload,
                                fds);
}

absl::Status VmmSession::SayMemory(const Line& line) {
  const FakeRam& ram = guest_->ram();
  Payload table =
      Encode(MemoryTableHeader{static_cast<uint32_t>(ram.regions().size()), 0});
  for (size_t i = 0; i < ram.regions().size(); ++i) {
    const GuestMemory::Region& view = ram.regions()[i];
    const MemoryRegion region = {view.guest_address, view.size,
                                 view.user_address, i * ram.region_size()};
    const Payload bytes = Encode(region);
    table.insert(table.end(), bytes.begin(), bytes.end());
    if (line.request != "ADD_MEM_REG") continue;
    absl::Status added =
        Tell(line, Encode(SingleMemoryRegion{0, region}), {ram.fd()});
    if (!added.ok()) return added;
  }
  if (line.request == "ADD_MEM_REG") return absl::OkStatus();
  return Tell(line, table, std::vector<int>(ram.regions().size(), ram.fd()));
}

absl::Status VmmSession::AskOrTell(const Line& line, int ring) {
  const uint32_t index = ring;
  if (line.request == "KICK") {
    frontend_->KickAnyway(ring);
    return absl::OkStatus();
  }
  switch (Requests().at(line.request)) {
    case Request::kGetFeatures:
    case Request::kGetProtocolFeatures:
    case Request::kGetQueueNum:
    case Request::kGetMaxMemSlots: {
      const absl::StatusOr<uint64_t> value = Decode<uint64_t>(Ask(line, {}));
      if (!value.ok()) return value.status();
      if (line.request == "GET_FEATURES") offered_ = *value;
      if (line.request == "GET_PROTOCOL_FEATURES") offered_protocol_ = *value;
      if (line.Number("expect", *value) != *value) {
        return absl::InternalError(absl::StrCat("said ", *value));
      }
      return absl::OkStatus();
    }
    case Request::kSetFeatures:
      return Tell(line, Encode(offered_ & line.Number("accept", offered_)));
    case Request::kSetProtocolFeatures: {
      const uint64_t accepted =
          offered_protocol_ & line.Number("accept", offered_protocol_);
      return Tell(line, Encode(accepted));
    }
    case Request::kSetMemTable:
    case Request::kAddMemReg:
      return SayMemory(line);
    case Request::kSetVringNum:
      return Tell(line,
                  Encode(VringState{index, guest_->ring(ring).layout().size}));
    case Request::kSetVringAddr: {
      const Virtqueue::Layout& layout = guest_->ring(ring).layout();
      return Tell(
          line, Encode(VringAddress{.index = index,
                                    .descriptor_table = layout.descriptor_table,
                                    .used_ring = layout.used_ring,
                                    .avail_ring = layout.avail_ring}));
    }
    case Request::kSetVringBase: {
      uint32_t base = told_[ring];
      if (line.words.contains("avail")) base = guest_->ring(ring).avail_index();
      if (line.words.contains("zero")) base = 0;
      return Tell(line, Encode(VringState{index, base}));
    }
    case Request::kGetVringBase: {
      const absl::StatusOr<VringState> state =
          Decode<VringState>(Ask(line, Encode(VringState{index, 0})));
      if (!state.ok()) return state.status();
      told_[ring] = state->num;
      return absl::OkStatus();
    }
    case Request::kSetVringEnable: {
      const uint32_t on = line.words.contains("on") ? 1 : 0;
      return Tell(line, Encode(VringState{index, on}));
    }
    case Request::kSetVringKick:
      return Tell(line, Encode(uint64_t{index}), {frontend_->NewKickFd(ring)});
    case Request::kSetVringCall:
      return Tell(line, Encode(uint64_t{index}), {frontend_->CallFd(ring)});
    case Request::kSetVringErr:
      return Tell(line, Encode(uint64_t{index}), {frontend_->ErrFd(ring)});
    case Request::kGetConfig: {
      const ConfigHeader header = {
          static_cast<uint32_t>(line.Number("offset", 0)),
          static_cast<uint32_t>(line.Number("size", 0)),
          static_cast<uint32_t>(line.Number("flags", 0))};
      Payload payload = Encode(header);
      payload.resize(payload.size() + header.size);
      const absl::StatusOr<Payload> reply = Ask(line, payload);
      if (!reply.ok()) return reply.status();
      if (reply->size() == payload.size()) return absl::OkStatus();
      return absl::InternalError(
          absl::StrCat("a reply of ", reply->size(), " bytes"));
    }
    case Request::kGetInflightFd: {
      const Inflight wanted = {
          .queue_count = static_cast<uint16_t>(guest_->queue_count()),
          .queue_size = guest_->options().queue_size};
      absl::StatusOr<Inflight> inflight =
          Decode<Inflight>(Ask(line, Encode(wanted), &inflight_fd_));
      if (!inflight.ok()) return inflight.status();
      inflight_ = *inflight;
      return absl::OkStatus();
    }
    case Request::kSetInflightFd:
      return Tell(line, Encode(inflight_), {inflight_fd_.get()});
    case Request::kSetBackendReqFd: {
      const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
      return Tell(line, {}, {fd.get()});
    }
    default:
      return Tell(line, {});
  }
}

}  // namespace earshot::vhost_user
