#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVICES_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVICES_H_

#include <functional>
#include <utility>

#include "deploy/kubevirt/hook/sound_card_hook.h"
#include "kubevirt/hooks/info/info.grpc.pb.h"
#include "kubevirt/hooks/plugins/v1alpha1/domain_hook.grpc.pb.h"
#include "kubevirt/hooks/v1alpha3/callbacks.grpc.pb.h"

namespace earshot {

// KubeVirt's interfaces before SoundCardHook; thread-safe, as gRPC calls them.

// Who we are, and when we want to be called.
class InfoService final : public kubevirt::hooks::info::Info::CallbackService {
 public:
  grpc::ServerUnaryReactor* Info(
      grpc::CallbackServerContext* context,
      const kubevirt::hooks::info::InfoParams* request,
      kubevirt::hooks::info::InfoResult* response) override;
};

// The hook sidecar's.
class CallbacksService final
    : public kubevirt::hooks::v1alpha3::Callbacks::CallbackService {
 public:
  // What virt-launcher gets where there cannot be a card: the domain as it
  // came, so that the VM starts without sound, or an error, which keeps it
  // from starting.
  enum class OnFailure { kBoot, kFail };

  // `hook` outlives this; `shutdown` is called once the VM has ended.
  CallbacksService(const SoundCardHook* hook, OnFailure on_failure,
                   std::function<void()> shutdown)
      : hook_(hook), on_failure_(on_failure), shutdown_(std::move(shutdown)) {}

  grpc::ServerUnaryReactor* OnDefineDomain(
      grpc::CallbackServerContext* context,
      const kubevirt::hooks::v1alpha3::OnDefineDomainParams* request,
      kubevirt::hooks::v1alpha3::OnDefineDomainResult* response) override;
  // Not asked for in Info; changes nothing.
  grpc::ServerUnaryReactor* PreCloudInitIso(
      grpc::CallbackServerContext* context,
      const kubevirt::hooks::v1alpha3::PreCloudInitIsoParams* request,
      kubevirt::hooks::v1alpha3::PreCloudInitIsoResult* response) override;
  grpc::ServerUnaryReactor* Shutdown(
      grpc::CallbackServerContext* context,
      const kubevirt::hooks::v1alpha3::ShutdownParams* request,
      kubevirt::hooks::v1alpha3::ShutdownResult* response) override;

 private:
  const SoundCardHook* const hook_;
  const OnFailure on_failure_;
  const std::function<void()> shutdown_;
};

// The plugin's. An error is one: what comes of it is for the Plugin to say.
class DomainHookService final : public kubevirt::hooks::plugins::v1alpha1::
                                    DomainHookService::CallbackService {
 public:
  // `hook` outlives this.
  explicit DomainHookService(const SoundCardHook* hook) : hook_(hook) {}

  grpc::ServerUnaryReactor* MutateDomain(
      grpc::CallbackServerContext* context,
      const kubevirt::hooks::plugins::v1alpha1::MutateDomainRequest* request,
      kubevirt::hooks::plugins::v1alpha1::MutateDomainResponse* response)
      override;

 private:
  const SoundCardHook* const hook_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVICES_H_
