/**
 * The angle between vectors and the angle gap between pools (paper, section 3.3, figures 2 and 3), in degrees.
 * The text and the published code define the gap differently; both are here and both are labelled.
 */

/**
 * arccos in degrees. The cosine is clamped to [-1, 1] first: in floating point the cosine of two equal vectors can come
 * out as 1 + 2e-16, whose arccos is NaN. Near 1 the arccos magnifies rounding: 1e-12 becomes 1e-4 degrees.
 */
export function angleDeg(cosine: number): number {
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}

/** The published code's gap (plot_angle_minus.py): arccos(mean cos NM) - arccos(mean cos NN). */
export function gapOfMeansDeg(meanCosineNm: number, meanCosineNn: number): number {
  return angleDeg(meanCosineNm) - angleDeg(meanCosineNn);
}

/**
 * The text's gap (section 3.3): the mean over pairs of angle(N, M) minus that of angle(N, N'). arccos is not linear, so
 * it differs from `gapOfMeansDeg` where cosines spread (Jensen's inequality).
 */
export function gapOfAnglesDeg(meanAngleNmDeg: number, meanAngleNnDeg: number): number {
  return meanAngleNmDeg - meanAngleNnDeg;
}
