#include "device/sound/virtio_snd.h"

#include <linux/virtio_snd.h>

#include <cstddef>

#include "gtest/gtest.h"

namespace earshot {
namespace {

// Linux's own header is an independent reading of the specification.
TEST(VirtioSndTest, CodesAreThoseOfLinux) {
  EXPECT_EQ(kSndControlQueue, VIRTIO_SND_VQ_CONTROL);
  EXPECT_EQ(kSndEventQueue, VIRTIO_SND_VQ_EVENT);
  EXPECT_EQ(kSndTxQueue, VIRTIO_SND_VQ_TX);
  EXPECT_EQ(kSndRxQueue, VIRTIO_SND_VQ_RX);
  EXPECT_EQ(kSndQueueCount, VIRTIO_SND_VQ_MAX);
  EXPECT_EQ(kSndJackInfo, VIRTIO_SND_R_JACK_INFO);
  EXPECT_EQ(kSndJackRemap, VIRTIO_SND_R_JACK_REMAP);
  EXPECT_EQ(kSndPcmInfo, VIRTIO_SND_R_PCM_INFO);
  EXPECT_EQ(kSndPcmSetParams, VIRTIO_SND_R_PCM_SET_PARAMS);
  EXPECT_EQ(kSndPcmPrepare, VIRTIO_SND_R_PCM_PREPARE);
  EXPECT_EQ(kSndPcmRelease, VIRTIO_SND_R_PCM_RELEASE);
  EXPECT_EQ(kSndPcmStart, VIRTIO_SND_R_PCM_START);
  EXPECT_EQ(kSndPcmStop, VIRTIO_SND_R_PCM_STOP);
  EXPECT_EQ(kSndChmapInfo, VIRTIO_SND_R_CHMAP_INFO);
  EXPECT_EQ(static_cast<uint32_t>(SndStatus::kOk), VIRTIO_SND_S_OK);
  EXPECT_EQ(static_cast<uint32_t>(SndStatus::kBadMsg), VIRTIO_SND_S_BAD_MSG);
  EXPECT_EQ(static_cast<uint32_t>(SndStatus::kNotSupp), VIRTIO_SND_S_NOT_SUPP);
  EXPECT_EQ(static_cast<uint32_t>(SndStatus::kIoErr), VIRTIO_SND_S_IO_ERR);
  EXPECT_EQ(kSndOutput, VIRTIO_SND_D_OUTPUT);
  EXPECT_EQ(kSndInput, VIRTIO_SND_D_INPUT);
}

TEST(VirtioSndTest, FormatsAreThoseOfLinux) {
  EXPECT_EQ(kSndFormatS8, VIRTIO_SND_PCM_FMT_S8);
  EXPECT_EQ(kSndFormatU8, VIRTIO_SND_PCM_FMT_U8);
  EXPECT_EQ(kSndFormatS16, VIRTIO_SND_PCM_FMT_S16);
  EXPECT_EQ(kSndFormatU16, VIRTIO_SND_PCM_FMT_U16);
  EXPECT_EQ(kSndFormatS20, VIRTIO_SND_PCM_FMT_S20);
  EXPECT_EQ(kSndFormatU20, VIRTIO_SND_PCM_FMT_U20);
  EXPECT_EQ(kSndFormatS24, VIRTIO_SND_PCM_FMT_S24);
  EXPECT_EQ(kSndFormatU24, VIRTIO_SND_PCM_FMT_U24);
  EXPECT_EQ(kSndFormatS32, VIRTIO_SND_PCM_FMT_S32);
  EXPECT_EQ(kSndFormatU32, VIRTIO_SND_PCM_FMT_U32);
  EXPECT_EQ(kSndFormatS18In3, VIRTIO_SND_PCM_FMT_S18_3);
  EXPECT_EQ(kSndFormatU18In3, VIRTIO_SND_PCM_FMT_U18_3);
  EXPECT_EQ(kSndFormatS20In3, VIRTIO_SND_PCM_FMT_S20_3);
  EXPECT_EQ(kSndFormatU20In3, VIRTIO_SND_PCM_FMT_U20_3);
  EXPECT_EQ(kSndFormatS24In3, VIRTIO_SND_PCM_FMT_S24_3);
  EXPECT_EQ(kSndFormatU24In3, VIRTIO_SND_PCM_FMT_U24_3);
  EXPECT_EQ(kSndFormatFloat, VIRTIO_SND_PCM_FMT_FLOAT);
  EXPECT_EQ(kSndFormatFloat64, VIRTIO_SND_PCM_FMT_FLOAT64);
}

TEST(VirtioSndTest, RatesAreThoseOfLinux) {
  EXPECT_EQ(kSndRate5512, VIRTIO_SND_PCM_RATE_5512);
  EXPECT_EQ(kSndRate8000, VIRTIO_SND_PCM_RATE_8000);
  EXPECT_EQ(kSndRate11025, VIRTIO_SND_PCM_RATE_11025);
  EXPECT_EQ(kSndRate16000, VIRTIO_SND_PCM_RATE_16000);
  EXPECT_EQ(kSndRate22050, VIRTIO_SND_PCM_RATE_22050);
  EXPECT_EQ(kSndRate32000, VIRTIO_SND_PCM_RATE_32000);
  EXPECT_EQ(kSndRate44100, VIRTIO_SND_PCM_RATE_44100);
  EXPECT_EQ(kSndRate48000, VIRTIO_SND_PCM_RATE_48000);
  EXPECT_EQ(kSndRate64000, VIRTIO_SND_PCM_RATE_64000);
  EXPECT_EQ(kSndRate88200, VIRTIO_SND_PCM_RATE_88200);
  EXPECT_EQ(kSndRate96000, VIRTIO_SND_PCM_RATE_96000);
  EXPECT_EQ(kSndRate176400, VIRTIO_SND_PCM_RATE_176400);
  EXPECT_EQ(kSndRate192000, VIRTIO_SND_PCM_RATE_192000);
  EXPECT_EQ(kSndRate384000, VIRTIO_SND_PCM_RATE_384000);
}

TEST(VirtioSndTest, ChannelPositionsAreThoseOfLinux) {
  EXPECT_EQ(kSndMono, VIRTIO_SND_CHMAP_MONO);
  EXPECT_EQ(kSndFrontLeft, VIRTIO_SND_CHMAP_FL);
  EXPECT_EQ(kSndFrontRight, VIRTIO_SND_CHMAP_FR);
  EXPECT_EQ(kSndRearLeft, VIRTIO_SND_CHMAP_RL);
  EXPECT_EQ(kSndRearRight, VIRTIO_SND_CHMAP_RR);
  EXPECT_EQ(kSndFrontCenter, VIRTIO_SND_CHMAP_FC);
  EXPECT_EQ(kSndLowFrequency, VIRTIO_SND_CHMAP_LFE);
  EXPECT_EQ(kSndSideLeft, VIRTIO_SND_CHMAP_SL);
  EXPECT_EQ(kSndSideRight, VIRTIO_SND_CHMAP_SR);
  EXPECT_EQ(kSndRearCenter, VIRTIO_SND_CHMAP_RC);
}

TEST(VirtioSndTest, LayoutsAreThoseOfLinux) {
  EXPECT_EQ(sizeof(SndQueryInfo), sizeof(virtio_snd_query_info));
  EXPECT_EQ(offsetof(SndQueryInfo, size),
            offsetof(virtio_snd_query_info, size));
  EXPECT_EQ(sizeof(SndJackInfo), sizeof(virtio_snd_jack_info));
  EXPECT_EQ(sizeof(SndPcmInfo), sizeof(virtio_snd_pcm_info));
  EXPECT_EQ(offsetof(SndPcmInfo, formats),
            offsetof(virtio_snd_pcm_info, formats));
  EXPECT_EQ(offsetof(SndPcmInfo, channels_max),
            offsetof(virtio_snd_pcm_info, channels_max));
  EXPECT_EQ(sizeof(SndPcmSetParams), sizeof(virtio_snd_pcm_set_params));
  EXPECT_EQ(offsetof(SndPcmSetParams, period_bytes),
            offsetof(virtio_snd_pcm_set_params, period_bytes));
  EXPECT_EQ(offsetof(SndPcmSetParams, rate),
            offsetof(virtio_snd_pcm_set_params, rate));
  EXPECT_EQ(sizeof(SndPcmXfer), sizeof(virtio_snd_pcm_xfer));
  EXPECT_EQ(sizeof(SndPcmStatus), sizeof(virtio_snd_pcm_status));
  EXPECT_EQ(sizeof(SndChmapInfo), sizeof(virtio_snd_chmap_info));
  EXPECT_EQ(offsetof(SndChmapInfo, positions),
            offsetof(virtio_snd_chmap_info, positions));
  EXPECT_EQ(kSndChmapMaxChannels, VIRTIO_SND_CHMAP_MAX_SIZE);
  EXPECT_EQ(sizeof(SndEvent), sizeof(virtio_snd_event));
}

}  // namespace
}  // namespace earshot
