using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>The rules of Prometheus: each alert is seen firing and silent, and what is recorded is what its name says.</summary>
public sealed partial class RulesTests
{
    public static TheoryData<string> TestFiles => [.. RulesInRepository.TestFiles.Select(file => Path.GetFileName(file))];

    [Fact]
    [Trait("Defect", "D24")]
    public async Task Promtool_accepts_every_rule()
    {
        if (!Programs.AreThere("promtool"))
        {
            return;
        }

        var check = await MonitoringProgram.RunAsync("promtool", ["check", "rules", .. RulesInRepository.Files]);
        Assert.True(check.ExitCode == 0, check.Console);
    }

    [Theory]
    [MemberData(nameof(TestFiles))]
    [Trait("Defect", "D25")]
    [Trait("Defect", "D28")]
    [Trait("Defect", "D30")]
    public async Task The_cases_of_a_file_come_out_as_written(string file)
    {
        if (!Programs.AreThere("promtool"))
        {
            return;
        }

        var test = await MonitoringProgram.RunAsync("promtool", "test", "rules", Path.Combine(RulesInRepository.TestFolder, file));
        Assert.True(test.ExitCode == 0, test.Console);
    }

    [Fact]
    public void Every_alert_fires_in_one_case_and_is_silent_in_another()
    {
        var cases = RulesInRepository.Cases().ToLookup(@case => @case.Alert, @case => @case.Fires);
        Assert.All(RulesInRepository.Alerts, rule =>
        {
            Assert.True(cases[rule.Alert!].Contains(true), $"{rule.Alert} fires in no case.");
            Assert.True(cases[rule.Alert!].Contains(false), $"{rule.Alert} is silent in no case.");
        });
        Assert.Empty(cases.Select(@case => @case.Key).Except(RulesInRepository.Alerts.Select(rule => rule.Alert!)));
    }

    [Fact]
    public void Everything_that_is_recorded_has_a_test_of_its_value()
    {
        var tested = RulesInRepository.TestedExpressions().ToArray();
        // A rule over recorded ones is a test of those, too, when its own value is tested.
        Assert.All(RulesInRepository.All.Where(rule => rule.Record is not null), rule => Assert.True(
            tested.Concat(RulesInRepository.All.Select(other => other.Expression))
                .Any(expression => expression.Contains(rule.Record!, StringComparison.Ordinal)),
            $"{rule.Record} is in no test."));
    }

    [Fact]
    public void Every_alert_says_how_bad_it_is_what_it_is_about_and_what_to_do()
    {
        Assert.NotEmpty(RulesInRepository.Alerts);
        Assert.All(RulesInRepository.Alerts, rule =>
        {
            Assert.Contains(rule.Labels["severity"], (string[])["critical", "warning", "info"]);
            Assert.Contains(rule.Labels["category"], (string[])["application", "infrastructure", "database", "security", "slo"]);
            // The status page shows the summary to everybody: it names no host and no number.
            Assert.DoesNotContain("{{", rule.Annotations["summary"], StringComparison.Ordinal);
            Assert.EndsWith(".", rule.Annotations["description"], StringComparison.Ordinal);
            Assert.Equal(
                $$$"""{{ reReplaceAll "/prometheus/?$" "" $externalURL }}/console/runbooks/{{{rule.Alert}}}""", rule.Annotations["runbook_url"]);
        });
        Assert.Equal(RulesInRepository.Alerts.Count, RulesInRepository.Alerts.Select(rule => rule.Alert).Distinct().Count());
    }

    [Fact]
    public void No_rule_names_a_bound_of_a_histogram()
    {
        // Prometheus 3 writes le="1" as le="1.0".
        Assert.All(RulesInRepository.All, rule => Assert.DoesNotMatch(Bound(), rule.Expression));
    }

    [GeneratedRegex("""\ble\s*(=|!)""")]
    private static partial Regex Bound();
}
