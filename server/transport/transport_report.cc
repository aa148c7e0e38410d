#include "server/transport/transport_report.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace earshot {
namespace {

constexpr absl::Duration kSoon = absl::Hours(14 * 24);

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;

// OpenSSL would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

std::vector<Certificate> ReadAll(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<Certificate> all;
  while (X509* const one =
             PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    all.emplace_back(one);
  }
  ERR_clear_error();
  return all;
}

// What `print` writes, in one line.
template <typename Print>
std::string Printed(const Print& print) {
  const Bio bio(BIO_new(BIO_s_mem()));
  print(bio.get());
  char* bytes = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(bio.get(), &bytes));
  return absl::StrReplaceAll(std::string(bytes, size), {{"\n", " "}});
}

std::string NameText(const X509_NAME* name) {
  const std::string text = Printed([name](BIO* bio) {
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  });
  return text.empty() ? "nobody" : text;
}

std::string Subject(const Certificate& certificate) {
  return NameText(X509_get_subject_name(certificate.get()));
}

// "DNS:localhost, IP Address:127.0.0.1"; empty if there is none.
std::string NamesOf(const Certificate& certificate) {
  const int at =
      X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1);
  if (at < 0) return "";
  return Printed([&](BIO* bio) {
    X509V3_EXT_print(bio, X509_get_ext(certificate.get(), at), 0, 0);
  });
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  return ASN1_TIME_to_tm(time, &parts) == 1
             ? absl::FromTM(parts, absl::UTCTimeZone())
             : absl::InfiniteFuture();
}

absl::Time Begin(const Certificate& certificate) {
  return TimeOf(X509_get0_notBefore(certificate.get()));
}

absl::Time End(const Certificate& certificate) {
  return TimeOf(X509_get0_notAfter(certificate.get()));
}

std::string Utc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

// "13 days", "5 hours".
std::string Long(absl::Duration time) {
  const int64_t hours = absl::ToInt64Hours(time);
  return hours >= 48 ? absl::StrCat(hours / 24, " days")
                     : absl::StrCat(hours, hours == 1 ? " hour" : " hours");
}

std::string Validity(const Certificate& certificate) {
  return absl::StrCat("valid from ", Utc(Begin(certificate)), " until ",
                      Utc(End(certificate)));
}

bool IsValid(const Certificate& certificate, absl::Time now) {
  return Begin(certificate) <= now && now <= End(certificate);
}

// What is wrong with its dates, now or soon; empty if nothing.
std::string DateTrouble(const Certificate& certificate, absl::Time now) {
  const absl::Time end = End(certificate);
  if (now > end) {
    return absl::StrCat("has expired, ", Long(now - end), " ago");
  }
  if (now < Begin(certificate)) {
    return absl::StrCat("is not valid before ", Utc(Begin(certificate)));
  }
  return end - now < kSoon ? absl::StrCat("expires in ", Long(end - now)) : "";
}

// The server's own certificate and those that lead to the root.
void ReportChain(const std::string& path, const std::string& key_path,
                 const std::vector<Certificate>& chain, absl::Time now,
                 TransportReport* report) {
  const std::string about = absl::StrCat("certificate ", path, ": ");
  const Certificate& own = chain.front();
  const std::string names = NamesOf(own);
  report->lines.push_back(absl::StrCat(
      "certificate ", path, " of ", Subject(own), " for ",
      names.empty() ? "no name" : names, ", issued by ",
      NameText(X509_get_issuer_name(own.get())), ", ", Validity(own)));
  report->lines.push_back(
      absl::StrCat("  its key is ", key_path, ", as it should be"));
  if (names.empty()) {
    report->errors.push_back(absl::StrCat(
        about,
        "it has no subject alternative name, so no client believes it: give "
        "it DNS: or IP: names, as clients say them in --server"));
  }
  if (X509_check_purpose(own.get(), X509_PURPOSE_SSL_SERVER, 0) != 1) {
    report->errors.push_back(absl::StrCat(
        about,
        "it is not for servers: its extended key usage has to have "
        "serverAuth"));
  }
  for (size_t i = 0; i < chain.size(); ++i) {
    if (i > 0) {
      report->lines.push_back(absl::StrCat("  then that of ", Subject(chain[i]),
                                           ", ", Validity(chain[i])));
    }
    if (i + 1 < chain.size() &&
        X509_check_issued(chain[i + 1].get(), chain[i].get()) != X509_V_OK) {
      report->warnings.push_back(absl::StrCat(
          about, Subject(chain[i + 1]), ", which comes next, has not issued ",
          Subject(chain[i]), ": clients may not find the way to the root"));
    }
    const std::string trouble = DateTrouble(chain[i], now);
    if (trouble.empty()) continue;
    const bool valid = IsValid(chain[i], now);
    (valid ? report->warnings : report->errors)
        .push_back(absl::StrCat(about, Subject(chain[i]), " ", trouble,
                                ": a new one in this file is taken without a "
                                "restart"));
  }
}

void ReportClientCas(const std::string& path,
                     const std::vector<Certificate>& cas, absl::Time now,
                     TransportReport* report) {
  const std::string about = absl::StrCat("client CA ", path, ": ");
  report->lines.push_back(absl::StrCat(
      "client CA ", path, ": clients' certificates are to be from ",
      cas.size() == 1 ? "this CA"
                      : absl::StrCat("one of these ", cas.size(), " CAs")));
  for (const Certificate& ca : cas) {
    report->lines.push_back(
        absl::StrCat("  ", Subject(ca), ", ", Validity(ca)));
    if (X509_check_ca(ca.get()) == 0) {
      report->warnings.push_back(
          absl::StrCat(about, Subject(ca), " is no CA: it can sign nothing"));
    }
    const std::string trouble = DateTrouble(ca, now);
    if (!trouble.empty()) {
      report->warnings.push_back(absl::StrCat(about, Subject(ca), " ", trouble,
                                              ", with all that it signed"));
    }
  }
  const auto valid = [now](const Certificate& ca) { return IsValid(ca, now); };
  if (std::none_of(cas.begin(), cas.end(), valid)) {
    report->errors.push_back(
        absl::StrCat(about,
                     "none is valid now, so no client's certificate "
                     "is"));
  }
}

}  // namespace

TransportReport ReportTransport(const TransportOptions& options,
                                const Certificates* in_use,
                                CertificateFiles::SystemTime now) {
  TransportReport report;
  if (in_use == nullptr) {
    report.lines.push_back("no --tls-cert: connections are not encrypted");
    return report;
  }
  const absl::Time time = absl::FromChrono(now);
  ReportChain(options.certificate_file, options.key_file,
              ReadAll(in_use->chain), time, &report);
  if (options.client_ca_file.empty()) {
    report.lines.push_back(
        "no --tls-client-ca: clients are not asked for certificates");
    return report;
  }
  ReportClientCas(options.client_ca_file, ReadAll(in_use->client_roots), time,
                  &report);
  return report;
}

}  // namespace earshot
