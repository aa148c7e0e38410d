#ifndef EARSHOT_SERVER_CHANNELZ_SERVICE_H_
#define EARSHOT_SERVER_CHANNELZ_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "proto/grpc/channelz/v1/channelz.grpc.pb.h"
#include "server/access/access_control.h"

namespace earshot {

namespace channelz_raw {
using Service = grpc::channelz::v1::Channelz;
using Raw = Service::WithRawCallbackMethod_GetTopChannels<
    Service::WithRawCallbackMethod_GetServers<
        Service::WithRawCallbackMethod_GetServer<
            Service::WithRawCallbackMethod_GetServerSockets<
                Service::WithRawCallbackMethod_GetChannel<
                    Service::WithRawCallbackMethod_GetSubchannel<
                        Service::WithRawCallbackMethod_GetSocket<
                            Service::Service>>>>>>>;
}  // namespace channelz_raw

// gRPC's account of its servers, channels and sockets, for operators only: it
// shows who is connected. gRPC's own plugin answers everybody. Thread-safe.
class ChannelzService final : public channelz_raw::Raw {
 public:
  // `access` outlives it.
  explicit ChannelzService(const AccessControl* access) : access_(access) {}

  grpc::ServerUnaryReactor* GetTopChannels(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetServers(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetServer(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetServerSockets(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetChannel(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetSubchannel(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetSocket(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  const AccessControl* const access_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_CHANNELZ_SERVICE_H_
