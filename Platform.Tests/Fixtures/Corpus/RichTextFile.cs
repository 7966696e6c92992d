using System.Globalization;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>RTF files.</summary>
internal static class RichTextFile
{
    /// <summary>With what a reader has to leave out, and every character beyond ASCII in Unicode with a fallback.</summary>
    public static byte[] With(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text)
        {
            escaped.Append(char.IsAscii(c) ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(short)c}?"));
        }

        return Encoding.ASCII.GetBytes(
            @"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fswiss Helvetica;}{\f1\fcharset204 Times Cyr;}}{\colortbl;\red255\green0\blue0;}"
            + @"{\info{\title hidden title}}{\*\generator hidden generator;}{\pict\wmetafile8 68696464656e}" + "\r\n"
            + @"\pard\f0 " + escaped + @"\par caf\'e9 {\f1 \'cc\'e8\'f0}\tab {\b bold} \{braces\}\par}");
    }
}
