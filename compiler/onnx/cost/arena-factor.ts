/**
 * How much more onnxruntime's arena takes than the live buffers of `peakActivationBytes`.
 *
 * Source: bench/peak-memory.ts with onnxruntime 1.30 on CPU: 1.13 to 1.73 for ten exported models (BERT, ALBERT, ViT,
 * ResNet, MobileNet, U-Net, two sizes of some) without recorded shapes. With the arena off the same models took 0.99 to
 * 1.25 times the computed bytes; what is above 1 is workspace of convolutions.
 */
export const arenaFactor = 1.75;

/** The factor with the arena off. */
export const noArenaFactor = 1.25;
