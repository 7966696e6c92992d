using Microsoft.OpenApi;
using Platform.Api.Security;

namespace Platform.Api.OpenApi;

internal static class OpenApiExtensions
{
    /// <summary>The OpenAPI 3.1 document of the API, with the key that each operation needs.</summary>
    public static void AddApiDescription(this IHostApplicationBuilder builder) => builder.Services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = "Platform API", Version = "v1" };
            document.AddComponent<IOpenApiSecurityScheme>(ApiKeyAuthentication.SchemeName, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = ApiKey.HeaderName,
            });
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().LastOrDefault() is { } required)
            {
                // OpenAPI 3.1 allows scopes of any scheme to be named.
                var scheme = new OpenApiSecuritySchemeReference(ApiKeyAuthentication.SchemeName, context.Document);
                operation.Security = [new() { [scheme] = [required.Scope] }];
            }
            return Task.CompletedTask;
        });
    });

    public static void MapApiDescription(this IEndpointRouteBuilder app) =>
        app.MapOpenApi("/openapi/{documentName}.json").RequireScope(Scopes.Admin);
}
