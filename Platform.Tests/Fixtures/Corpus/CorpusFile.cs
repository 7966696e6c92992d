namespace Platform.Tests.Fixtures.Corpus;

/// <summary>A file of the corpus.</summary>
/// <param name="Name">With the extension that says what it is.</param>
/// <param name="Bytes">All of it.</param>
/// <param name="Marker">A word that is in its text and in no other file's.</param>
/// <param name="Language">ISO 639-1, of files with enough text to tell.</param>
/// <param name="Program">What has to be installed to read its text.</param>
internal sealed record CorpusFile(string Name, byte[] Bytes, string Marker, string? Language = null, string? Program = null)
{
    public string Extension => Path.GetExtension(Name);

    public override string ToString() => Name;
}
