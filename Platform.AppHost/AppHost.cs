// The architecture of Platform, top to bottom: what there is, and what depends on what. How a server is run is in its folder.

var builder = DistributedApplication.CreateBuilder(args).AddReadableConsole().RefuseUnknownParameters().CheckDashboardPorts();
var topology = await builder.ChooseTopologyAsync();

var apiKey = builder.AddSecret(KnownParameters.ApiKey);
var linkKey = builder.AddSecret(KnownParameters.LinkKey);
var postgresPassword = builder.AddSecret(KnownParameters.PostgresPassword);

var api = builder.AddApi("api")
    .WithEnvironment("Security__BootstrapKey", apiKey)
    .WithEnvironment("Links__SigningKey", linkKey);

var postgres = builder.AddPostgresProcess("postgres", postgresPassword);
var database = postgres.AddDatabase("platformdb");

// An inbox in the browser, or the server that smtp-url names.
var mail = builder.AddMail("mail");
api.WithReference(database).WaitFor(postgres).WithMail(mail).WithEnvironment("Storage__Directory", Path.Combine(builder.DataDirectory(), "objects"));

builder.AddEdge("edge").WithReference(api).WaitFor(api);

return await builder.Build().RunToExitCodeAsync();
