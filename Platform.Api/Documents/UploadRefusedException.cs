namespace Platform.Api.Documents;

/// <summary>An upload that the client has to change. Thrown where it is found, in the middle of the body, so that no more of it is read.</summary>
internal sealed class UploadRefusedException(int status, string field, string error) : Exception(error)
{
    public int Status { get; } = status;

    public Dictionary<string, string[]> Errors { get; } = new() { [field] = [error] };

    public static UploadRefusedException TooLarge(long maxSize) =>
        new(StatusCodes.Status413PayloadTooLarge, UploadForm.File, $"must be at most {maxSize} bytes long");
}
