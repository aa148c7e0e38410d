#include "client/cli/stream_lister.h"

#include <utility>

namespace earshot {

grpc::Status ListAllStreams(AdminClient& client, const std::string& filter,
                            v1::ListStreamsResponse* all) {
  constexpr int kPage = 200;
  v1::ListStreamsRequest request;
  request.set_page_size(kPage);
  request.set_filter(filter);
  all->Clear();
  do {
    v1::ListStreamsResponse page;
    const grpc::Status status =
        client.Call(&AdminClient::Stub::ListStreams, request, &page);
    if (!status.ok()) return status;
    request.set_page_token(page.next_page_token());
    for (v1::Stream& stream : *page.mutable_streams()) {
      *all->add_streams() = std::move(stream);
    }
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

}  // namespace earshot
