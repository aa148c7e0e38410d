#include "deploy/kubevirt/hook/hook_services.h"

#include <spdlog/spdlog.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace earshot {
namespace {

namespace v1alpha3 = kubevirt::hooks::v1alpha3;
namespace plugins = kubevirt::hooks::plugins::v1alpha1;

// Abseil's codes are gRPC's.
grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const grpc::Status& status = {}) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* InfoService::Info(
    grpc::CallbackServerContext* context,
    const kubevirt::hooks::info::InfoParams* /*request*/,
    kubevirt::hooks::info::InfoResult* response) {
  response->set_name("earshot");
  response->add_versions("v1alpha3");
  for (const char* point : {"OnDefineDomain", "Shutdown"}) {
    response->add_hookpoints()->set_name(point);
  }
  return Answer(context);
}

grpc::ServerUnaryReactor* CallbacksService::OnDefineDomain(
    grpc::CallbackServerContext* context,
    const v1alpha3::OnDefineDomainParams* request,
    v1alpha3::OnDefineDomainResult* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  hook_->Define(
      request->domainxml(), request->vmi(),
      [this, request, response, reactor](absl::StatusOr<std::string> domain) {
        if (domain.ok()) {
          response->set_domainxml(*std::move(domain));
          return reactor->Finish(grpc::Status::OK);
        }
        const grpc::Status status = ToGrpc(domain.status());
        spdlog::error("OnDefineDomain failed vm_boots={} error=\"{}\"",
                      on_failure_ == OnFailure::kBoot, status.error_message());
        if (on_failure_ == OnFailure::kFail) return reactor->Finish(status);
        response->set_domainxml(request->domainxml());
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

grpc::ServerUnaryReactor* CallbacksService::PreCloudInitIso(
    grpc::CallbackServerContext* context,
    const v1alpha3::PreCloudInitIsoParams* request,
    v1alpha3::PreCloudInitIsoResult* response) {
  response->set_cloudinitnocloudsource(request->cloudinitnocloudsource());
  response->set_cloudinitdata(request->cloudinitdata());
  return Answer(context);
}

grpc::ServerUnaryReactor* CallbacksService::Shutdown(
    grpc::CallbackServerContext* context,
    const v1alpha3::ShutdownParams* /*request*/,
    v1alpha3::ShutdownResult* /*response*/) {
  spdlog::info("the VM has ended");
  shutdown_();
  return Answer(context);
}

grpc::ServerUnaryReactor* DomainHookService::MutateDomain(
    grpc::CallbackServerContext* context,
    const plugins::MutateDomainRequest* request,
    plugins::MutateDomainResponse* response) {
  if (request->domain_type() != "libvirt") {
    return Answer(context,
                  grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                               "domain_type is \"" + request->domain_type() +
                                   "\", must be libvirt"));
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  hook_->Define(request->domain(), request->vmi(),
                [response, reactor](absl::StatusOr<std::string> domain) {
                  if (domain.ok()) {
                    response->set_domain(*std::move(domain));
                    return reactor->Finish(grpc::Status::OK);
                  }
                  const grpc::Status status = ToGrpc(domain.status());
                  spdlog::error("MutateDomain failed error=\"{}\"",
                                status.error_message());
                  reactor->Finish(status);
                });
  return reactor;
}

}  // namespace earshot
