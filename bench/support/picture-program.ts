/** The classifier of pictures that several benchmarks run, as text. */
export interface PictureProgram {
  readonly model: string;
  /** Settings of the model's call, as they are written: `batch: 8`. */
  readonly call: string;
  readonly rowsPerFile: number;
}

export function pictureProgram({ model, call, rowsPerFile }: PictureProgram): string {
  return `edition 1

param input: uri = "none/*.parquet"
param output: uri = "out/rows"

record Photo { id: i64, image: bytes }

model net(pixels: tensor<f32>[N, 3, 224, 224]) -> (logits: tensor<f32>[N, 1000]) {
  file: ${JSON.stringify(model)},
}

fn transform(image: bytes) -> tensor<f32>[3, 224, 224] =
  image
  |> decode_image(mode: "RGB")
  |> resize(height: 224, width: 224, filter: "bilinear", antialias: true)
  |> to_tensor(scale: 1 / 255, layout: "CHW")
  |> normalize(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])

pipeline classify {
  let photos = read parquet(input) as Photo

  let preds = photos
    |> { .id, pixels: transform(.image) } with { workers: "auto" }
    |> { .id, ..net(.pixels) } with { ${call} }
    |> { .id, label: argmax(.logits) }

  write preds to jsonl(output, rows_per_file: ${rowsPerFile})
}
`;
}
