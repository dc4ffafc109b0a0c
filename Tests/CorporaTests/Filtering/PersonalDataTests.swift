import Testing

@testable import Corpora

@Suite struct PersonalDataTests {
    @Test(arguments: [
        (PersonalData.email, "write to jane.doe+x@mail.example.org.", 9),
        (.email, "ä <a@b.co>", 4), (.phone, "call +49 30 1234567 now", 5), (.phone, "tel. 555-123-4567", 5),
        (.phone, "(030) 123 45 67", 1), (.ipAddress, "host 192.168.0.17 is up", 5),
        (.ipAddress, "at 2001:db8::ff00:42:8329.", 3), (.card, "pay 4111 1111 1111 1111 today", 4),
        (.card, "5500000000000004", 0), (.iban, "to DE89 3704 0044 0532 0130 00 by Monday", 3),
        (.iban, "GB82WEST12345698765432", 0),
    ])
    func whatHasTheFormOfPersonalDataIsFound(_ kind: PersonalData, _ text: String, _ place: Int) {
        #expect(kind.firstPlace(in: Array(text.utf8)) == place)
    }

    @Test(arguments: [
        "user@host", "@name said so", "a@b..c", "on 2024-01-31 12:30", "in 1999, 2000, 2001",
        "version 1.2.3.4567",
        "12:34:56", "std::vector", "3.14159265358979", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01",
        "ISBN 978-3-16-148410-0x", "10,000,000,000", "page 300.400.500.600",
    ])
    func whatOnlyLooksAlikeIsNot(_ text: String) {
        for kind in PersonalData.allCases {
            #expect(kind.firstPlace(in: Array(text.utf8)) == nil, "\(kind)")
        }
    }

    @Test func aReasonNamesTheKindAndDoesNotQuoteTheData() throws {
        #expect(try reason(PersonalDataFilter(), "ä jane@mail.example") == "an e-mail address at character 5")
        #expect(try reason(PersonalDataFilter(kinds: [.iban]), "jane@mail.example") == nil)
    }
}
