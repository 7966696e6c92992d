using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Search;

/// <summary>The section <c>Search</c> of the configuration.</summary>
internal sealed class SearchOptions
{
    public const string Section = "Search";

    public const string Postgres = "postgres";
    public const string Meilisearch = "meilisearch";

    /// <summary><c>postgres</c>, or <c>meilisearch</c> with the connection string <c>search</c> (<c>Endpoint=…;MasterKey=…</c>).</summary>
    [AllowedValues(Postgres, Meilisearch)]
    public string Provider { get; set; } = Postgres;
}
