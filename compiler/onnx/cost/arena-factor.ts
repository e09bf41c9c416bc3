/**
 * How much more onnxruntime takes than the live buffers of `peakActivationBytes`.
 *
 * Source: bench/peak-memory.ts with onnxruntime 1.30 on CPU, models without recorded shapes. With the arena on, 1.13 to
 * 1.88 times the computed bytes for sixteen graphs (BERT, ALBERT, DistilBERT, GPT-2, ViT, DeiT, ResNet, EfficientNet,
 * MobileNet, U-Net; as exported and as onnxruntime optimised them). With it off, 0.97 to 1.25; what is above 1 is
 * workspace of convolutions (U-Net 1.25, ResNet-50 1.17) and of attention masks (RoBERTa 1.11).
 * onnxruntime-node holds a second copy of the outputs when a run ends; it is not in these factors.
 */
export const arenaFactor = 1.9;

/** The factor with the arena off. */
export const noArenaFactor = 1.25;
