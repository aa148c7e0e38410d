#ifndef EARSHOT_SERVER_ADMIN_SERVICE_H_
#define EARSHOT_SERVER_ADMIN_SERVICE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "server/access/access_control.h"
#include "server/access/caller.h"
#include "server/access/config_file.h"
#include "server/stream_registry.h"
#include "server/watch_reactor.h"

namespace earshot {

// What GetServerInfo says that does not change.
struct ServerFacts {
  std::string version;
  std::string sink;
  std::vector<std::string> listen_addresses;
  std::chrono::system_clock::time_point start_time;
  // How the files stand that are read again. Any thread.
  std::function<std::vector<ConfigFileState>()> config_files;
};

// Its requests are taken as bytes: see unary_call.h.
using RawAdminService = v1::AdminService::WithRawCallbackMethod_ListStreams<
    v1::AdminService::WithRawCallbackMethod_GetStream<
        v1::AdminService::WithRawCallbackMethod_WatchStreams<
            v1::AdminService::WithRawCallbackMethod_SetVolume<
                v1::AdminService::WithRawCallbackMethod_CloseStream<
                    v1::AdminService::WithRawCallbackMethod_GetServerInfo<
                        v1::AdminService::WithRawCallbackMethod_GetIdentity<
                            v1::AdminService::Service>>>>>>>;

// AdminService of the contract: shows the registry, and sets volumes.
// Thread-safe; one thread of its own looks for changes as long as somebody
// watches.
class AdminServiceImpl final : public RawAdminService {
 public:
  // What it is given outlives it, and it outlives its calls.
  AdminServiceImpl(const AccessControl* access, StreamRegistry* registry,
                   std::function<bool()> draining,
                   std::function<bool()> overloaded);
  ~AdminServiceImpl() override;

  // Before the first call.
  void SetFacts(ServerFacts facts) { facts_ = std::move(facts); }
  // Ends every WatchStreams call, also those to come.
  void StopWatching();

  // What ListStreams answers, also to who asks in another way.
  Refusal List(const Caller& caller, const v1::ListStreamsRequest& request,
               v1::ListStreamsResponse* response) const;

  grpc::ServerUnaryReactor* ListStreams(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetStream(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchStreams(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* SetVolume(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CloseStream(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetIdentity(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;

 private:
  Refusal Get(const Caller& caller, const v1::GetStreamRequest& request,
              v1::GetStreamResponse* response) const;
  Refusal Set(const Caller& caller, const v1::SetVolumeRequest& request,
              v1::SetVolumeResponse* response);
  Refusal Close(const Caller& caller, const v1::CloseStreamRequest& request,
                v1::CloseStreamResponse* response);
  Refusal Watch(const Caller& caller, const v1::WatchStreamsRequest& request,
                std::shared_ptr<WatchReactor>* watcher);
  Refusal Info(const Caller& caller, v1::GetServerInfoResponse* response) const;
  Refusal Identity(const grpc::CallbackServerContext& context,
                   const Caller& caller,
                   v1::GetIdentityResponse* response) const;
  void LookForChanges();

  const AccessControl* const access_;
  StreamRegistry* const registry_;
  const std::function<bool()> draining_;
  const std::function<bool()> overloaded_;
  ServerFacts facts_;

  std::mutex watchers_mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::weak_ptr<WatchReactor>> watchers_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ADMIN_SERVICE_H_
