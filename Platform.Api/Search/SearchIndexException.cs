namespace Platform.Api.Search;

/// <summary>The index refused what it was asked, and will refuse it again.</summary>
/// <param name="code">The engine's own code, such as <c>invalid_document_id</c>.</param>
internal sealed class SearchIndexException(string code, string message) : Exception($"The search index refused: {code}: {message}")
{
    public string Code { get; } = code;
}
