#include "tests/integration/reflected_methods.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/any_call.h"

namespace earshot {
namespace {

// grpc.reflection.v1alpha, of whose messages no header comes with gRPC: numbers
// of fields.
constexpr int kAskForSymbol = 4;         // ServerReflectionRequest
constexpr int kAskForServices = 7;       // likewise
constexpr int kFileDescriptors = 4;      // ServerReflectionResponse
constexpr int kServices = 6;             // likewise
constexpr int kFileDescriptorProto = 1;  // FileDescriptorResponse
constexpr int kService = 1;              // ListServiceResponse
constexpr int kServiceName = 1;          // ServiceResponse

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "reflection: %s\n", what.c_str());
  std::abort();
}

// The texts, or messages, of that field.
std::vector<std::string> FieldsOf(const std::string& message, int number) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(message)) Die("it is no message");
  std::vector<std::string> found;
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      found.push_back(field.length_delimited());
    }
  }
  return found;
}

std::string Ask(const std::shared_ptr<grpc::Channel>& channel, int field,
                const std::string& text) {
  google::protobuf::UnknownFieldSet request;
  request.AddLengthDelimited(field, text);
  std::string bytes;
  request.SerializeToString(&bytes);
  const CallOutcome outcome = CallAny(
      channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      bytes, "", std::chrono::seconds(10));
  if (outcome.response.empty()) Die("no answer: " + outcome.message);
  return outcome.response;
}

std::set<std::string> ListedServices(
    const std::shared_ptr<grpc::Channel>& channel) {
  std::set<std::string> services;
  for (const std::string& list :
       FieldsOf(Ask(channel, kAskForServices, ""), kServices)) {
    for (const std::string& service : FieldsOf(list, kService)) {
      for (const std::string& name : FieldsOf(service, kServiceName)) {
        services.insert(name);
      }
    }
  }
  return services;
}

void AddMethods(const google::protobuf::FileDescriptorProto& file,
                const std::string& service, std::set<std::string>* methods) {
  for (const auto& one : file.service()) {
    if (absl::StrCat(file.package(), ".", one.name()) != service) continue;
    for (const auto& method : one.method()) {
      methods->insert(absl::StrCat(service, "/", method.name()));
    }
  }
}

}  // namespace

std::set<std::string> ReflectedMethods(
    const std::shared_ptr<grpc::Channel>& channel,
    const std::set<std::string>& unlisted) {
  std::set<std::string> services = ListedServices(channel);
  services.insert(unlisted.begin(), unlisted.end());
  std::set<std::string> methods;
  for (const std::string& service : services) {
    const size_t before = methods.size();
    for (const std::string& answer :
         FieldsOf(Ask(channel, kAskForSymbol, service), kFileDescriptors)) {
      for (const std::string& bytes : FieldsOf(answer, kFileDescriptorProto)) {
        google::protobuf::FileDescriptorProto file;
        if (!file.ParseFromString(bytes)) Die("no file of " + service);
        AddMethods(file, service, &methods);
      }
    }
    if (methods.size() == before) Die("no method of " + service);
  }
  return methods;
}

}  // namespace earshot
