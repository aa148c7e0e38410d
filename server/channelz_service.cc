#include "server/channelz_service.h"

#include <google/protobuf/util/json_util.h>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/access/permission.h"
#include "server/unary_call.h"

namespace earshot {
namespace {

namespace z = grpc::channelz::v1;

struct FreeGpr {
  void operator()(char* text) const { gpr_free(text); }
};

// `json`: what gRPC gives out; null if there is no such thing.
Refusal Take(char* json, const char* field, int64_t id,
             google::protobuf::Message* response) {
  const std::unique_ptr<char, FreeGpr> text(json);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (text != nullptr &&
      google::protobuf::util::JsonStringToMessage(text.get(), response, options)
          .ok()) {
    return Refusal::None();
  }
  return {Reason::kChannelzNotFound, field,
          absl::StrCat("gRPC knows of none with the id ", id)};
}

// gRPC gives out as many as it likes.
template <typename List>
bool Cut(int64_t most, List* list) {
  if (most <= 0 || list->size() <= most) return false;
  list->DeleteSubrange(static_cast<int>(most),
                       list->size() - static_cast<int>(most));
  return true;
}

template <typename Request, typename Response, typename Ask>
grpc::ServerUnaryReactor* ForOperators(const AccessControl& access,
                                       grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer& asked,
                                       grpc::ByteBuffer* answer,
                                       const Ask& ask) {
  return AnswerUnary<Request, Response>(
      access, context, asked, answer,
      [&](const Caller& caller, const Request& request, Response* response) {
        const Refusal refusal = CheckIsOperator(caller, "ask channelz", "");
        return refusal.ok() ? ask(request, response) : refusal;
      });
}

}  // namespace

grpc::ServerUnaryReactor* ChannelzService::GetTopChannels(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetTopChannelsRequest, z::GetTopChannelsResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        const int64_t start = std::max<int64_t>(asked.start_channel_id(), 0);
        const Refusal refusal = Take(grpc_channelz_get_top_channels(start),
                                     "start_channel_id", start, out);
        if (Cut(asked.max_results(), out->mutable_channel())) {
          out->set_end(false);
        }
        return refusal;
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetServers(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetServersRequest, z::GetServersResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        const int64_t start = std::max<int64_t>(asked.start_server_id(), 0);
        const Refusal refusal = Take(grpc_channelz_get_servers(start),
                                     "start_server_id", start, out);
        if (Cut(asked.max_results(), out->mutable_server())) {
          out->set_end(false);
        }
        return refusal;
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetServer(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetServerRequest, z::GetServerResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        return Take(grpc_channelz_get_server(asked.server_id()), "server_id",
                    asked.server_id(), out);
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetServerSockets(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetServerSocketsRequest, z::GetServerSocketsResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        return Take(grpc_channelz_get_server_sockets(
                        asked.server_id(),
                        std::max<int64_t>(asked.start_socket_id(), 0),
                        std::max<int64_t>(asked.max_results(), 0)),
                    "server_id", asked.server_id(), out);
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetChannel(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetChannelRequest, z::GetChannelResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        return Take(grpc_channelz_get_channel(asked.channel_id()), "channel_id",
                    asked.channel_id(), out);
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetSubchannel(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetSubchannelRequest, z::GetSubchannelResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        return Take(grpc_channelz_get_subchannel(asked.subchannel_id()),
                    "subchannel_id", asked.subchannel_id(), out);
      });
}

grpc::ServerUnaryReactor* ChannelzService::GetSocket(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ForOperators<z::GetSocketRequest, z::GetSocketResponse>(
      *access_, context, *request, response, [](const auto& asked, auto* out) {
        return Take(grpc_channelz_get_socket(asked.socket_id()), "socket_id",
                    asked.socket_id(), out);
      });
}

}  // namespace earshot
