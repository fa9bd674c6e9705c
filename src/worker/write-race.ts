/** Another worker, or an earlier delivery, ended one of the batch's writes; tried again, the batch finds what that one did. */
export class WriteRaceError extends Error {
  override readonly name = "WriteRaceError";
}
