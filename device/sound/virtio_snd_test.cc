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
  EXPECT_EQ(kSndFormatS16, VIRTIO_SND_PCM_FMT_S16);
  EXPECT_EQ(kSndFormatS32, VIRTIO_SND_PCM_FMT_S32);
  EXPECT_EQ(kSndFormatFloat, VIRTIO_SND_PCM_FMT_FLOAT);
  EXPECT_EQ(kSndRate48000, VIRTIO_SND_PCM_RATE_48000);
  EXPECT_EQ(kSndFrontLeft, VIRTIO_SND_CHMAP_FL);
  EXPECT_EQ(kSndFrontRight, VIRTIO_SND_CHMAP_FR);
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
